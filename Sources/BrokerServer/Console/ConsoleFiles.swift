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

    init(_ bytes: [UInt8], type: String) {
      self.bytes = bytes
      self.type = type
      let digest = HashAlgorithm.sha256.digest(bytes).prefix(8)
      tag = "\"" + digest.map { String($0, radix: 16) }.joined(separator: ".") + "\""
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
      "live.js": File(PackageResources.live_js, type: script),
      "patch.js": File(PackageResources.patch_js, type: script),
      "times.js": File(PackageResources.times_js, type: script),
      "icon.svg": File(PackageResources.icon_svg, type: "image/svg+xml"),
    ]
  }

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
