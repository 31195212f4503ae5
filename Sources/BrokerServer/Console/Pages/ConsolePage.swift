import Broker
import ConnectionService
import HTTPTypes
import Hummingbird

/// One page of the console: what is the same on all of them, around what differs.
struct ConsolePage {
  enum Place: String, CaseIterable {
    case devices = "Devices"
    case events = "Events"
    case history = "History"

    var path: String {
      switch self {
      case .devices: "/console/"
      case .events: "/console/events"
      case .history: "/console/history"
      }
    }
  }

  let title: String
  let content: HTML
  /// Which of the pages in the navigation it belongs to.
  var place: Place?
  /// Who reads it; nobody on the login page.
  var caller: Caller?
  /// The stream of events after which the page is asked for anew; `nil` for one that stays as it is.
  var stream: String?

  /// Scripts, styles and requests go to our own origin only; nothing inline is carried out.
  static let policy = """
    default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'
    """

  func response(status: Int = 200) -> Response {
    var response = Answer.text(html.text, status: status, type: "text/html; charset=utf-8")
    response.headers[.contentSecurityPolicy] = Self.policy
    return response
  }

  var html: HTML {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(title) – Drawbridge</title>
    <link rel="icon" href="/console/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/console/console.css">
    <script type="module" src="/console/console.js"></script>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the content</a>
    \(header)
    <main id="main" tabindex="-1"\(streamAttribute)>
    \(content)
    </main>
    \(caller == nil ? .nothing : Self.footer)
    \(caller.map(\.mayConnect) == true ? Dialogs.html : .nothing)
    <p id="said" class="unseen" role="status"></p>
    </body>
    </html>

    """
  }

  private static let footer: HTML = """
    <footer><p>Times are in <span id="zone">UTC</span>.</p>
    <noscript><p>Without JavaScript the pages can be read; connecting and closing need it, or the
    <code>drawbridge</code> command.</p></noscript></footer>
    """

  private var streamAttribute: HTML { stream.map { " data-stream=\"\($0)\"" } ?? .nothing }

  private var header: HTML {
    guard let caller else {
      return "<header><a class=\"brand\" href=\"/console/\">Drawbridge</a></header>"
    }
    let links: [HTML] = Place.allCases.map { place in
      let current: HTML = place == self.place ? " aria-current=\"page\"" : ""
      return "<a href=\"\(place.path)\"\(current)>\(place.rawValue)</a>\n"
    }
    let live: HTML =
      stream == nil
      ? "<p class=\"live\">Not live</p>"
      : """
      <p class="live"><span id="live" data-state="off">Not live</span>
      <button data-do="pause" aria-pressed="false">Pause</button></p>
      """
    return """
      <header>
      <a class="brand" href="/console/">Drawbridge</a>
      <nav aria-label="Pages">\(links)</nav>
      \(live)
      <form class="who" method="post" action="/console/session">
      <span><bdi>\(caller.user)</bdi> · \(caller.role.rawValue) · <bdi>\(caller.organisation)</bdi></span>
      <button type="submit">Log out</button>
      </form>
      </header>
      """
  }
}

extension Caller {
  /// Whether the pages offer connect, close and closeall; the rules decide again when asked.
  var mayConnect: Bool { role == .operator || role == .admin }

  func mayClose(_ connection: ConnectionView) -> Bool {
    role == .admin || (role == .operator && connection.user == user)
  }
}

extension HTML {
  /// What happened, the likely cause, and what to do about it.
  static func problem(_ refusal: Refusal) -> HTML {
    """
    <section class="problem" role="alert">
    <h2>\(refusal.detail)</h2>
    <dl><dt>Cause</dt><dd>\(refusal.cause)</dd>
    <dt>Next step</dt><dd>\(refusal.nextStep)</dd>
    <dt>Code</dt><dd><code>\(refusal.code.rawValue)</code></dd></dl>
    </section>
    """
  }

  /// A text that can be copied with one press.
  static func copyable(_ text: String) -> HTML {
    """
    <span class="copy"><code>\(text)</code> <button data-do="copy">Copy</button></span>
    """
  }
}
