import ArgumentParser
import BrokerClient
import ConnectionService
import Settings

/// `drawbridge token`: who may ask the broker for what.
struct TokenCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Tokens: add, list, revoke.",
    subcommands: [TokenAddCommand.self, TokenListCommand.self, TokenRevokeCommand.self])
}

/// `drawbridge token add`: the only time that the token is shown.
struct TokenAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make a token; it is shown this once.")

  @Argument(help: "The user, or the gateway's name.")
  var user: Name

  @Option(help: "viewer, operator, admin or gateway.")
  var role: Role = .operator

  @Option(help: ArgumentHelp("How long it is good; for ever when absent.", valueName: "duration"))
  var lifetime: String?

  @Option(
    help: ArgumentHelp(
      "The user name of the operator's own tunnel, when it differs.", valueName: "name"))
  var vpnUser: String?

  @OptionGroup var options: BrokerOptions

  func run() async throws {
    let request = TokenRequest(
      user: user, role: role, lifetimeSeconds: try lifetime.map(Self.seconds), vpnUser: vpnUser)
    let reply = try await options.client().createToken(request)
    try options.print(reply, text: reply.token)
  }

  private static func seconds(_ text: String) throws -> Int64 {
    guard let duration = DurationText.parse(text) else {
      throw ValidationError("“\(text)” is not a duration: write 12h, 30d …")
    }
    return duration.components.seconds
  }
}

/// `drawbridge token list`.
struct TokenListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The tokens, without their secrets.")

  @OptionGroup var options: BrokerOptions
  @OptionGroup var presentation: PresentationOptions

  func run() async throws {
    let client = try options.client()
    try await options.list(.tokens, presentation) { after in
      try await client.tokens(after: after)
    }
  }
}

/// `drawbridge token revoke`.
struct TokenRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Revoke a token: it is void from now on.")

  @Argument(help: "The token's id, from `drawbridge token list`.")
  var id: String

  @OptionGroup var options: BrokerOptions

  func run() async throws {
    try await options.client().revokeToken(id)
    try options.print(["revoked": id], text: "revoked \(id)")
  }
}
