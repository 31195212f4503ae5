/// A request in the form in which it travels: `GET /v1/l2tp/tunnels`.
public enum ControlRequest: Hashable, Sendable {
  case list(ControlList)
  /// The grants with the state of their stream.
  case grants
  case close(CloseTarget, id: UInt64)
  /// One more session in a standing tunnel that this process opened.
  case openSession(tunnel: UInt64)
  case version
  case health
  case reload

  public enum Method: String, Sendable { case get = "GET", post = "POST", delete = "DELETE" }

  public var method: Method {
    switch self {
    case .list, .grants, .version, .health: .get
    case .close: .delete
    case .reload, .openSession: .post
    }
  }

  /// The path below the socket, e.g. `/v1/l2tp/tunnels/7`.
  public var path: String {
    switch self {
    case .list(let list): list.path
    case .grants: "/v1/grants"
    case .close(let target, let id): "\(target.path)/\(id)"
    case .openSession(let tunnel): "\(CloseTarget.tunnel.path)/\(tunnel)/sessions"
    case .version: "/v1/version"
    case .health: "/v1/health"
    case .reload: "/v1/reload"
    }
  }
}

extension ControlRequest {
  /// Reads what a client wrote; the opposite of ``method`` and ``path``.
  ///
  /// - Throws: `badRequest` for a path or method that does not exist, and for an id that is
  ///   no number.
  public init(method: String, path: String) throws(ControlError) {
    guard let known = Method(rawValue: method) else { throw .noSuchRequest(method, path) }
    switch (known, path) {
    case (.get, "/v1/grants"): self = .grants
    case (.get, "/v1/version"): self = .version
    case (.get, "/v1/health"): self = .health
    case (.post, "/v1/reload"): self = .reload
    case (.get, _):
      guard let list = ControlList.allCases.first(where: { $0.path == path }) else {
        throw .noSuchRequest(method, path)
      }
      self = .list(list)
    case (.delete, _):
      let target = CloseTarget.allCases.first { path.hasPrefix($0.path + "/") }
      guard let target else { throw .noSuchRequest(method, path) }
      self = .close(target, id: try Self.id(of: target, path.dropFirst(target.path.utf8.count + 1)))
    case (.post, _):
      let start = CloseTarget.tunnel.path + "/"
      let end = "/sessions"
      guard path.hasPrefix(start), path.hasSuffix(end), path.utf8.count > (start + end).utf8.count
      else { throw .noSuchRequest(method, path) }
      let text = path.dropFirst(start.utf8.count).dropLast(end.utf8.count)
      self = .openSession(tunnel: try Self.id(of: .tunnel, text))
    }
  }

  private static func id(
    of target: CloseTarget, _ text: Substring
  ) throws(ControlError) -> UInt64 {
    guard let id = UInt64(text), "\(id)" == text else {
      throw ControlError(
        .badRequest, "the id of a \(target.rawValue) is a number", cause: "a typing error",
        nextStep: "take the id from GET \(target.path)")
    }
    return id
  }
}

extension ControlError {
  /// The request is not among those of ``ControlRequest``.
  static func noSuchRequest(_ method: String, _ path: String) -> ControlError {
    ControlError(
      .badRequest, "there is no request \(method.prefix(16)) \(path.prefix(128))",
      cause: "a typing error, or a newer program asks an older one",
      nextStep: "see the list of requests in the documentation of the commands")
  }
}

/// The lists that can be asked for, named by their paths.
public enum ControlList: String, CaseIterable, Sendable {
  case isakmpPolicies = "isakmp/policies"
  case isakmpExchanges = "isakmp/exchanges"
  case isakmpSAs = "isakmp/sa"
  case isakmpCounters = "isakmp/counters"
  case ipsecSAs = "ipsec/sa"
  case l2tpDestinations = "l2tp/destinations"
  case l2tpTunnels = "l2tp/tunnels"
  case l2tpSessions = "l2tp/sessions"
  case pppLinks = "ppp"

  public var path: String { "/v1/" + rawValue }
}

extension CloseTarget {
  /// The path of the list whose element is closed.
  public var path: String {
    switch self {
    case .tunnel: ControlList.l2tpTunnels.path
    case .session: ControlList.l2tpSessions.path
    case .sa: ControlList.isakmpSAs.path
    }
  }
}

/// The reply to a list request: always an object, so that it can grow.
public struct ListReply<Record: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
  /// Sorted by id; empty when there is nothing.
  public var items: [Record]

  public init(items: [Record]) { self.items = items }
}
