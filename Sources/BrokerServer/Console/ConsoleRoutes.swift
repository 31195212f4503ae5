import ConnectionService
import HTTPTypes
import Hummingbird

/// The web console: pages and files that are part of the program.
enum ConsoleRoutes {
  /// A page cannot load anything from elsewhere, and cannot be framed.
  private static let policy =
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

  private static let files: [String: (bytes: [UInt8], type: String)] = [
    "": (PackageResources.index_html, "text/html; charset=utf-8"),
    "console.css": (PackageResources.console_css, "text/css; charset=utf-8"),
  ]

  /// - Parameter name: what follows `/console/`; empty for the first page.
  static func page(_ name: String) throws(Refusal) -> Response {
    guard let file = files[name] else { throw .noSuchRoute }
    var response = Answer.bytes(file.bytes, type: file.type)
    response.headers[.contentSecurityPolicy] = policy
    return response
  }
}
