import ConnectionService
import Primitives

// What happened, in a few words for the trace.

extension DeviceCommand.Action {
  var summary: String {
    switch self {
    case .connect(let order): "connect \(order.connection)"
    case .close(let id, let reason): "close \(id), \(reason.rawValue)"
    case .closeAll(let reason): "close all, \(reason.rawValue)"
    }
  }
}

extension HistoryEvent {
  var summary: String {
    var words = "\(sequence) \(kind.rawValue)"
    if let tunnel { words += " \(tunnel)" }
    if let connection { words += " \(connection)" }
    if let refusal { words += " \(refusal.rawValue)" }
    if let reason { words += " \(reason.rawValue)" }
    return words
  }
}

extension ServiceEvent {
  var summary: String {
    var words = "\(sequence) \(kind.rawValue) by \(actor)"
    if let product { words += " \(product)" }
    if let tunnel { words += " \(tunnel)" }
    if let connection { words += " \(connection)" }
    if let code { words += " \(code.rawValue)" }
    if let reason { words += " \(reason.rawValue)" }
    return words
  }
}

extension GrantChange {
  var summary: String {
    switch self {
    case .all(let grants): "all \(grants.count) grants"
    case .granted(let grant): "grant \(grant.connection)"
    case .revoked(let id): "end of grant \(id)"
    }
  }
}
