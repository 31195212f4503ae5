import Cryptography
import HTTPTypes
import Hummingbird

/// The console's styles, scripts and icon, which are part of the program.
struct ConsoleFiles: Sendable {
  static let shared = ConsoleFiles()

  private struct File {
    let bytes: [UInt8]
    let type: String
    /// Changes with the content: browsers keep a file and ask whether it is still that one.
    let tag: String

    /// - Parameter isSource: lines of it that are read by people only are left empty.
    init(_ source: [UInt8], type: String, isSource: Bool = true) {
      bytes = isSource ? Self.terse(source) : source
      self.type = type
      let digest = HashAlgorithm.sha256.digest(bytes).prefix(8)
      tag = "\"" + digest.map { String($0, radix: 16) }.joined(separator: ".") + "\""
    }

    /// Without indentation and whole lines of comment; every line keeps its number.
    private static func terse(_ source: [UInt8]) -> [UInt8] {
      let lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let kept = lines.map { line in
        let text = line.drop { $0 == UInt8(ascii: " ") }
        let isComment =
          text.starts(with: "//".utf8)
          || (text.starts(with: "/*".utf8) && text.reversed().starts(with: "/*".utf8))
        return isComment ? [] : text
      }
      return Array(kept.joined(separator: "\n".utf8))
    }
  }

  private let files: [String: File]

  private init() {
    let style = "text/css; charset=utf-8"
    let script = "text/javascript; charset=utf-8"
    files = [
      "console.css": File(PackageResources.console_css, type: style),
      "console.js": File(PackageResources.console_js, type: script),
      "actions.js": File(PackageResources.actions_js, type: script),
      "api.js": File(PackageResources.api_js, type: script),
      "listening.js": File(PackageResources.listening_js, type: script),
      "live.js": File(PackageResources.live_js, type: script),
      "patch.js": File(PackageResources.patch_js, type: script),
      "times.js": File(PackageResources.times_js, type: script),
      "icon.svg": File(PackageResources.icon_svg, type: "image/svg+xml", isSource: false),
    ]
  }

  /// What is sent for a file; `nil` when there is none of that name.
  func text(_ name: String) -> String? {
    files[name].map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// What they weigh together, in bytes.
  var weight: Int { files.values.reduce(0) { $0 + $1.bytes.count } }

  /// `nil` when there is no file of that name.
  ///
  /// - Parameter known: the `If-None-Match` header.
  func response(_ name: String, known: String?) -> Response? {
    guard let file = files[name] else { return nil }
    var response =
      known == file.tag
      ? Response(status: .notModified) : Answer.bytes(file.bytes, type: file.type)
    response.headers[.eTag] = file.tag
    response.headers[.cacheControl] = "no-cache"
    return response
  }
}
