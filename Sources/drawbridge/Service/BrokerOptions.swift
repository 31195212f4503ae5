import ArgumentParser
import BrokerClient
import ConnectionService
import Control
import Foundation
import Primitives
import Settings

/// What every command that asks a broker has.
struct BrokerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The broker, https://HOST[:PORT]; otherwise DRAWBRIDGE_BROKER.", valueName: "url"))
  var broker: String?

  @Option(
    help: ArgumentHelp(
      "The token, best as file:PATH or env:NAME; otherwise DRAWBRIDGE_TOKEN.",
      valueName: "secret"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "A PEM file of authorities; otherwise DRAWBRIDGE_AUTHORITIES, or the system's.",
      valueName: "file"), completion: .file())
  var authorities: String?

  @Option(
    help: ArgumentHelp(
      "The SHA-256 of the broker's own certificate; otherwise DRAWBRIDGE_FINGERPRINT.",
      valueName: "hex"))
  var fingerprint: String?

  @Flag(help: "Print the documented JSON object instead of a table.")
  var json = false

  /// The broker's address, without a token.
  func address() throws -> BrokerAddress {
    guard let url = broker ?? Self.environment("DRAWBRIDGE_BROKER") else {
      throw ValidationError(
        "no broker is named: give --broker https://HOST:PORT, or set DRAWBRIDGE_BROKER")
    }
    return BrokerAddress(url: url, trust: trust)
  }

  /// The broker, with the token that is to be used.
  func client() throws -> BrokerClient {
    guard let text = token ?? Self.environment("DRAWBRIDGE_TOKEN") else {
      throw ValidationError(
        "no token is named: give --token file:PATH, or set DRAWBRIDGE_TOKEN=file:PATH")
    }
    let secret = try Secret.resolving(text, option: "--token")
    return try BrokerClient(
      address: try address(), token: secret.withBytes { String(decoding: $0, as: UTF8.self) },
      logger: ProgramLog(level: .warning).logger)
  }

  private var trust: BrokerAddress.Trust {
    if let hex = fingerprint ?? Self.environment("DRAWBRIDGE_FINGERPRINT") {
      return .fingerprint(hex.filter { $0 != ":" }.lowercased())
    }
    if let path = authorities ?? Self.environment("DRAWBRIDGE_AUTHORITIES") {
      return .authorities(path: path)
    }
    return .system
  }

  private static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Prints a reply, as JSON or as text.
  func print(_ reply: some Encodable, text: @autoclosure () -> String) throws {
    Terminal.write(
      json ? String(decoding: try ControlJSON.encode(reply, pretty: true), as: UTF8.self) : text())
  }
}

/// Product ids, names and connection ids as arguments.
extension ProductID: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension ConnectionID: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension Name: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension Role: ExpressibleByArgument {}
