import Testing

/// The bytes that hexadecimal digits stand for; spaces and line ends between them are skipped.
func bytes(hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  precondition(digits.count % 2 == 0, "hexadecimal digits come in pairs")
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// `count` times the same byte.
func bytes(_ value: UInt8, count: Int) -> [UInt8] { [UInt8](repeating: value, count: count) }

@Suite(.timeLimit(.minutes(5))) struct HexTests {
  @Test func digitsBecomeBytesInOrder() {
    #expect(bytes(hex: "00 fF\n1a") == [0x00, 0xff, 0x1a])
  }
}
