import Endpoint
import IKE
import Logging
import PPP
import Primitives

/// An event as one line: a stable code, then ids, peer, reason and detail. Never a secret.
struct EventLine: Sendable {
  let code: String
  let level: Logger.Level
  private var fields: [(name: String, value: String)] = []

  var text: String {
    fields.reduce(into: code) { $0 += " \($1.name)=\($1.value)" }
  }

  init(_ event: EndpointEvent) {
    switch event {
    case .connectionUp(let id, let facts):
      self.init("connectionUp", .info, connection: id, path: facts.path)
      add("role", facts.role.rawValue)
      add("peerIdentity", "\(facts.identity)")
      add("policy", facts.policy)
      add("algorithms", "\(facts.transform)")
      add("nat", facts.nat.needsEncapsulation ? "encapsulated" : "none")
    case .connectionDown(let id, let reason, let detail):
      self.init("connectionDown", .info, connection: id)
      add(reason, detail)
    case .attemptFailed(let id, let reason, let detail, let retryAt):
      self.init("attemptFailed", .warning, connection: id)
      add(reason, detail)
      add("retry", retryAt == nil ? "none" : "planned")
    case .childUp(let id, let child):
      self.init("ipsecUp", .info, connection: id)
      add("algorithms", "\(child.transform)")
    case .childDown(let id, let inboundSPI, let reason):
      self.init("ipsecDown", .info, connection: id)
      add("inboundSPI", inboundSPI.eightHexDigits)
      add(reason, "")
    case .tunnelUp, .tunnelRefused, .tunnelClosed, .sessionUp, .sessionRefused, .sessionClosed:
      self.init(ofTunnels: event)
    case .peerFailed(let path, let reason, let detail):
      self.init("peerFailed", .warning, path: path)
      add(reason, detail)
    case .isakmpKeys:
      self.init("isakmpKeys", .debug)
    case .note(let note):
      self.init(note.code.rawValue, .info, connection: note.connection, path: note.path)
      if !note.detail.isEmpty { add("detail", note.detail.quoted) }
    case .dataplaneRefused(let error):
      self.init("dataplaneRefused", .error)
      add("error", "\(error)")
    }
  }

  private init(ofTunnels event: EndpointEvent) {
    switch event {
    case .tunnelUp(let number):
      self.init("tunnelUp", .info)
      add("tunnel", "\(number)")
    case .tunnelRefused(let carrier, let hostName, let reason, let detail):
      self.init("tunnelRefused", .warning)
      add("carrier", "\(carrier.value)")
      add("hostName", hostName.quoted)
      add(reason, detail)
    case .tunnelClosed(let number, let reason, let detail):
      self.init("tunnelClosed", .info)
      add("tunnel", "\(number)")
      add(reason, detail)
    case .sessionUp(let id, let facts):
      self.init("sessionUp", .info)
      add("session", "\(id.value)")
      add("local", "\(facts.localAddress)")
      add("peer", "\(facts.peerAddress)")
      add("mtu", "\(facts.mtuBytes)")
    case .sessionRefused(let number, let reason, let detail):
      self.init("sessionRefused", .warning)
      add("tunnel", "\(number)")
      add(reason, detail)
    case .sessionClosed(let id, let reason, let detail):
      self.init("sessionClosed", .info)
      add("session", "\(id.value)")
      add(reason, detail)
    case .connectionUp, .connectionDown, .attemptFailed, .childUp, .childDown, .peerFailed,
      .isakmpKeys, .note, .dataplaneRefused:
      self.init("event", .debug)
    }
  }

  private init(
    _ code: String, _ level: Logger.Level, connection: ConnectionID? = nil, path: Path? = nil
  ) {
    self.code = code
    self.level = level
    if let connection { add("connection", "\(connection.value)") }
    if let path { add("peer", "\(path.remote)") }
  }

  private mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

  private mutating func add(_ reason: CloseReason, _ detail: String) {
    add("reason", reason.rawValue)
    if !detail.isEmpty { add("detail", detail.quoted) }
  }
}

extension UInt32 {
  /// As SPIs are written.
  var eightHexDigits: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }
}

extension String {
  /// In quotes, so that a line stays one line and its fields stay apart whatever the text holds.
  var quoted: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "'"
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value): text += "?"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
