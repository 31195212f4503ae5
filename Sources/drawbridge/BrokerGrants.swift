import BrokerClient
import ConnectionService
import Control
import Logging
import Primitives
import Runtime
import Settings

/// A broker's stream of grants, as the runtime wants it.
struct BrokerGrants: GrantSource {
  private let client: BrokerClient

  /// - Throws: `refused` for an address that is none, and for authorities that cannot be read.
  init(_ link: BrokerLink, logger: Logger) throws(ControlError) {
    do throws(Refusal) {
      client = try BrokerClient(
        address: BrokerAddress(link),
        token: link.token.withBytes { String(decoding: $0, as: UTF8.self) }, logger: logger)
    } catch {
      throw ControlError(
        .refused, error.detail, cause: error.cause, nextStep: error.nextStep)
    }
  }

  func changes() -> any AsyncSequence<GrantChange, any Error> {
    client.gatewayStream().compactMap(Self.change)
  }

  private static func change(in event: GatewayStreamEvent) -> GrantChange? {
    switch event {
    case .change(let change): change
    case .heartbeat: nil
    }
  }
}

extension BrokerAddress {
  init(_ link: BrokerLink) {
    let trust: Trust =
      switch link.trust {
      case .system: .system
      case .authorities(let path): .authorities(path: path)
      case .fingerprint(let digits): .fingerprint(digits)
      }
    self.init(url: link.url, trust: trust)
  }
}
