import ConnectionService

/// Where a token is given once.
struct LoginPage {
  /// The page that is wanted after it.
  var next: String
  /// Why the last attempt was refused.
  var refusal: Refusal?

  /// - Parameter next: as a browser said it; anything but a page of the console is not followed.
  init(next: String, refusal: Refusal? = nil) {
    self.next = Self.isPage(next) ? next : "/console/"
    self.refusal = refusal
  }

  var page: ConsolePage { ConsolePage(title: "Log in", content: content) }

  private var content: HTML {
    """
    <div class="login">
    <h1>Log in</h1>
    \(refusal.map(HTML.problem) ?? .nothing)
    <form method="post" action="/console/session">
    <input type="hidden" name="next" value="\(next)">
    <p><label for="token">Token</label>
    <input id="token" name="token" type="password" required autofocus maxlength="256"
    autocomplete="off" spellcheck="false" aria-describedby="token-hint"></p>
    <p class="hint" id="token-hint">An administrator makes one with
    <code>drawbridge token add</code>. It is kept in a cookie that ends with the browser.</p>
    <div class="buttons"><button type="submit" class="primary">Log in</button></div>
    </form>
    </div>
    """
  }

  /// No other origin, and nothing that a `Location` header could be broken with.
  private static func isPage(_ path: String) -> Bool {
    path.hasPrefix("/console/") && path.utf8.count <= 1024
      && path.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
  }
}
