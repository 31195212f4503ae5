import ConnectionService
import Dataplane
import Primitives

/// A grant as it can be shown: who may reach whom, and whether they can.
public struct GrantView: Hashable, Sendable {
  /// Why a grant lets nothing pass at the moment.
  public enum Obstacle: String, Sendable, Hashable, CaseIterable {
    /// The operator has no session here.
    case operatorNotConnected
    /// The device has no session here.
    case deviceNotConnected
    /// The device's session has another address than the one that was granted.
    case addressDiffers
    /// The users have too many sessions, or too many pairs of sessions talk to each other.
    case limitReached
  }

  public var grant: Grant
  /// When this gateway learned it.
  public var since: Instant
  /// Sessions of the operator that the grant applies to, oldest first.
  public var operatorSessions: [SessionID]
  /// The session with the granted address.
  public var deviceSession: SessionID?
  /// `nil` while packets pass.
  public var obstacle: Obstacle?
}

extension GrantTable {
  /// Every grant, by the connection's id.
  var views: [GrantView] {
    entries.values.sorted { $0.grant.connection < $1.grant.connection }.map(view)
  }

  private func view(_ entry: Entry) -> GrantView {
    let devices = sessions(of: entry.rule.deviceUser)
    let device = devices.first { address(of: $0) == entry.rule.deviceAddress }
    // Whoever is both is no partner of his own session.
    let people = active(entry.rule.operatorUser).filter { $0 != device }
    var obstacle: GrantView.Obstacle?
    if devices.isEmpty {
      obstacle = .deviceNotConnected
    } else if let device {
      let passes = people.contains { isAllowed($0, device) }
      obstacle = passes ? nil : people.isEmpty ? .operatorNotConnected : .limitReached
    } else {
      obstacle = .addressDiffers
    }
    return GrantView(
      grant: entry.grant, since: entry.since, operatorSessions: people, deviceSession: device,
      obstacle: obstacle)
  }
}
