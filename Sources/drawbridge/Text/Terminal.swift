import Glibc

/// The program's output.
enum Terminal {
  enum Stream: Int32 {
    case output = 1
    case error = 2
  }

  /// Whether `stream` is a terminal that takes colours: not a pipe, not `NO_COLOR`, not dumb.
  static func takesColour(_ stream: Stream) -> Bool {
    guard isatty(stream.rawValue) == 1 else { return false }
    let hasNoColour = unsafe getenv("NO_COLOR").map { unsafe String(cString: $0) } ?? ""
    let type = unsafe getenv("TERM").map { unsafe String(cString: $0) } ?? "dumb"
    return hasNoColour.isEmpty && type != "dumb"
  }

  /// Writes a text and a line break; a reader that is gone is no error of ours.
  static func write(_ text: String, to stream: Stream = .output) {
    guard !text.isEmpty else { return }
    writeRaw(text.utf8.last == 0x0A ? text : text + "\n", to: stream)
  }

  /// Replaces the last line on standard error, where a terminal shows it.
  static func rewrite(_ text: String) { writeRaw("\r\u{1B}[K" + text, to: .error) }

  private static func writeRaw(_ text: String, to stream: Stream) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(stream.rawValue, $0.baseAddress, $0.count)
      }
      guard written > 0 || errno == EINTR else { return }
      bytes = bytes.dropFirst(max(0, written))
    }
  }
}
