import Glibc

/// Addresses and routes that were added and are taken back at the end, the last first.
///
/// What was there before is never recorded, so it is never removed.
public struct NetworkChanges: Sendable {
  /// One thing that was added.
  public enum Change: Hashable, Sendable {
    case address(LinkAddress)
    case route(Route)
  }

  /// The most changes it records.
  public static let changesMax = 4096

  /// What has been added and not taken back, in order.
  public private(set) var changes: [Change] = []

  public init() {}

  /// Adds an address; what fails is not recorded. ENOBUFS when too much is recorded already.
  public mutating func add<Control: NetworkControl & ~Copyable>(
    _ address: LinkAddress, with control: inout Control
  ) throws(SystemError) {
    try checkRoom()
    try control.add(address)
    changes.append(.address(address))
  }

  /// Adds a route; what fails is not recorded. ENOBUFS when too much is recorded already.
  public mutating func add<Control: NetworkControl & ~Copyable>(
    _ route: Route, with control: inout Control
  ) throws(SystemError) {
    try checkRoom()
    try control.add(route)
    changes.append(.route(route))
  }

  /// Takes everything back in reverse order and returns what could not be; what had gone by itself
  /// (with its interface, say) is no failure.
  public mutating func revert<Control: NetworkControl & ~Copyable>(
    with control: inout Control
  ) -> [SystemError] {
    var failures: [SystemError] = []
    while let change = changes.popLast() {
      do throws(SystemError) {
        switch change {
        case .address(let address): try control.remove(address)
        case .route(let route): try control.remove(route)
        }
      } catch {
        switch error.errno {
        case ENODEV, ESRCH, EADDRNOTAVAIL, ENOENT, ENXIO: break
        default: failures.append(error)
        }
      }
    }
    return failures
  }

  private func checkRoom() throws(SystemError) {
    guard changes.count < Self.changesMax else {
      throw SystemError("record a network change", errno: ENOBUFS)
    }
  }
}
