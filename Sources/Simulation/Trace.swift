import Endpoint
import Primitives

/// What happened in a run, one line an event; equal runs have equal traces.
public struct Trace: Sendable, Equatable {
  public private(set) var lines: [String] = []

  public mutating func note(_ now: Instant, _ text: String) {
    lines.append("\(now.seconds) \(text)")
  }
}

extension EndpointEvent {
  /// The event in a few words, with every id and reason.
  public var summary: String {
    switch self {
    case .connectionUp(let id, let facts): "\(id) up as \(facts.role) from \(facts.path.remote)"
    case .connectionDown(let id, let reason, let detail): "\(id) down: \(reason) (\(detail))"
    case .attemptFailed(let id, let reason, let detail, _):
      "\(id) attempt failed: \(reason) (\(detail))"
    case .childUp(let id, let child):
      "\(id) child \(String(child.inbound.spi, radix: 16)) up, \(child.transform)"
    case .childDown(let id, let spi, let reason):
      "\(id) child \(String(spi, radix: 16)) down: \(reason)"
    case .tunnelUp(let number): "tunnel \(number) up"
    case .tunnelRefused(let carrier, let name, let reason, let detail):
      "tunnel of \(name) on carrier \(carrier.value) refused: \(reason) (\(detail))"
    case .tunnelClosed(let number, let reason, let detail):
      "tunnel \(number) closed: \(reason) (\(detail))"
    case .sessionUp(let id, let facts):
      "session \(id.value) up, \(facts.localAddress) to \(facts.peerAddress)"
    case .sessionRefused(let number, let reason, let detail):
      "session in tunnel \(number) refused: \(reason) (\(detail))"
    case .sessionClosed(let id, let reason, let detail):
      "session \(id.value) closed: \(reason) (\(detail))"
    case .peerFailed(let path, let reason, let detail):
      "peer \(path.remote) failed: \(reason) (\(detail))"
    case .isakmpKeys(let cookie, _): "keys of \(String(cookie, radix: 16)) derived"
    case .note(let note): "note \(note.code.rawValue): \(note.detail)"
    case .dataplaneRefused(let error): "the packet path refused: \(error)"
    }
  }
}
