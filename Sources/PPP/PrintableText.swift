/// Bytes of a peer as text that may go to a log or a screen: printable ASCII stays, a backslash is
/// doubled, everything else becomes `\xNN` (names with newlines or terminal sequences are attacks).
func printable(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    switch byte {
    case UInt8(ascii: "\\"): text += [byte, byte]
    case 0x20...0x7e: text.append(byte)
    default:
      text += [UInt8(ascii: "\\"), UInt8(ascii: "x")]
      text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
  return String(decoding: text, as: UTF8.self)
}
