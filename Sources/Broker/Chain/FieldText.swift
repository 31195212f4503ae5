/// Fields as bytes, such that no two lists of fields write the same: each as its length, a colon and
/// its text, a missing one as `-`.
func fieldText(_ fields: [String?]) -> [UInt8] {
  var text: [UInt8] = []
  for field in fields {
    guard let field else {
      text.append(UInt8(ascii: "-"))
      continue
    }
    text += Array("\(field.utf8.count):".utf8)
    text += Array(field.utf8)
  }
  return text
}
