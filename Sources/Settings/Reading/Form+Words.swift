import Primitives

extension Form where Value == String {
  /// Printable text of at most so many bytes; control characters have no place in a configuration.
  static func text(_ name: String = "text", bytesMax: Int = 255) -> Form {
    Form("\(name), at most \(bytesMax) bytes", show: { $0 }) { text throws(FormProblem) in
      guard !text.isEmpty, text.utf8.count <= bytesMax else {
        throw FormProblem(
          text.isEmpty ? .emptyValue : .outOfRange, "the text has \(text.utf8.count) bytes",
          cause: "it is empty or too long", next: "write 1 to \(bytesMax) bytes")
      }
      guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
        throw FormProblem(
          .invalidValue, "the text holds a control character", cause: "a line break or a tab",
          next: "remove it")
      }
      return text
    }
  }

  /// A name that other parts of the configuration refer to.
  static let name = Form("name of letters, digits, `.`, `_`, `-`", show: { $0 }) {
    text throws(FormProblem) in
    let isNameByte = { (byte: UInt8) in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || [45, 46, 95].contains(byte)
    }
    guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(isNameByte) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not a name", cause: "a blank or another character",
        next: "use 1 to 64 letters, digits, dots, underscores and hyphens")
    }
    return text
  }

  /// An absolute path that fits a UNIX socket's address (107 bytes and the terminator).
  static let socketPath = Form("absolute path, at most 107 bytes", show: { $0 }) {
    text throws(FormProblem) in
    guard text.utf8.first == 47, text.utf8.last != 47, text.utf8.count <= 107,
      !text.utf8.contains(0)
    else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not a socket path", cause: "it is relative or too long",
        next: "write an absolute path of at most 107 bytes")
    }
    return text
  }

  /// A folder of the host.
  static let folder = Form("absolute path", show: { $0 }) { text throws(FormProblem) in
    guard text.utf8.first == 47, text.utf8.count <= 4_000, !text.utf8.contains(0) else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not a folder's path", cause: "it is relative or too long",
        next: "write an absolute path")
    }
    return text
  }

  /// A network interface's name (IFNAMSIZ: 15 bytes and the terminator).
  static let interfaceName = Form("interface name, at most 15 bytes", show: { $0 }) {
    text throws(FormProblem) in
    let isForbidden = { (byte: UInt8) in byte <= 0x20 || byte >= 0x7F || byte == 47 || byte == 58 }
    guard (1...15).contains(text.utf8.count), !text.utf8.contains(where: isForbidden),
      text != ".", text != ".."
    else {
      throw FormProblem(
        .invalidValue, "“\(text)” is not an interface name", cause: "too long, or a slash or blank",
        next: "use 1 to 15 letters and digits, e.g. drawbridge0")
    }
    return text
  }
}

extension Form where Value == Bool {
  static let flag = Form("`true` or `false`", show: { "\($0)" }) { text throws(FormProblem) in
    switch text {
    case "true", "yes", "on": return true
    case "false", "no", "off": return false
    default:
      throw FormProblem(
        .invalidValue, "“\(text)” is neither true nor false", cause: "a typing error",
        next: "write true or false")
    }
  }
}

extension Form where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One word of a closed list.
  static var choice: Form {
    let words = Value.allCases.map(\.rawValue)
    let list = words.map { "`\($0)`" }.joined(separator: ", ")
    return Form(words.count == 1 ? list : "one of \(list)", show: { $0.rawValue }) {
      text throws(FormProblem) in
      guard let value = Value(rawValue: text) else {
        let nearest = NearestKey.find(text, among: words)
        throw FormProblem(
          .invalidValue, "“\(text)” is not one of the possible values",
          cause: nearest.map { "“\($0)” was meant, most likely" } ?? "it is not offered here",
          next: "choose one of: " + words.joined(separator: ", "))
      }
      return value
    }
  }
}

extension Form where Value == Secret {
  /// A literal secret or a reference; its form and content never reach a message.
  static func secret(_ source: SecretSource) -> Form {
    Form("secret: `file:PATH`, `env:NAME`, `credential:NAME` or literal", show: { "\($0)" }) {
      text throws(FormProblem) in try SecretReference(text).resolve(with: source)
    }
  }
}
