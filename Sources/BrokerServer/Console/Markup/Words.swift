import ConnectionService
import Primitives

/// The closed lists of the service in words for people; the code stands beside them.
enum Words {
  static func reason(_ reason: CloseReason) -> String {
    switch reason {
    case .requested: "closed on request"
    case .closeAll: "all connections were closed at once"
    case .lastConnectionClosed: "the last connection was closed"
    case .inactivity: "no user traffic for the whole idle time"
    case .idleTimeout: "the tunnel had no session for too long"
    case .destructTimeout: "what was left of it was dropped"
    case .singleShotSpent: "its one session is over"
    case .deadPeer: "the other end stopped answering"
    case .peerDeleted: "the other end deleted the security association"
    case .peerClosed: "the other end closed it"
    case .negotiationFailed: "the two ends found no common settings"
    case .authenticationFailed: "wrong key, user name or password"
    case .retriesExhausted: "no answer after every retry"
    case .lifetimeExpired: "its keys expired without new ones"
    case .maxDuration: "the longest allowed time is over"
    case .administrator: "an administrator ended it"
    case .policyRefused: "policy does not allow it"
    case .gatewayLost: "the gateway went away"
    case .brokerLost: "the broker went away"
    case .shutdown: "the program was ending"
    case .localVeto: "the device's owner refused"
    case .internalError: "a fault of the software"
    }
  }

  static func kind(_ kind: ServiceEvent.Kind) -> String {
    switch kind {
    case .deviceEnrolled: "Device enrolled"
    case .deviceRemoved: "Device removed"
    case .deviceAttached: "Device came online"
    case .deviceDetached: "Device went offline"
    case .connectRequested: "Connection asked for"
    case .connectionOpened: "Connection is up"
    case .connectionFailed: "Connection failed"
    case .closeRequested: "Close asked for"
    case .connectionClosed: "Connection over"
    case .tunnelOpened: "Tunnel is up"
    case .tunnelClosed: "Tunnel closed"
    case .tunnelUnexpectedClose: "Tunnel lost"
    case .requestRefused: "Request refused"
    case .tokenCreated: "Token made"
    case .tokenRevoked: "Token revoked"
    case .enrolmentCreated: "Device announced"
    case .gatewayAttached: "Gateway came online"
    case .gatewayDetached: "Gateway went offline"
    case .configurationChanged: "Configuration changed"
    case .webhookAdded: "Webhook added"
    case .webhookRemoved: "Webhook removed"
    }
  }

  static func phase(_ phase: ConnectionView.Phase) -> String {
    switch phase {
    case .requested: "Waits for the device"
    case .up: "Up"
    case .closing: "Closing"
    case .closed: "Over"
    }
  }
}

extension HTML {
  /// A reason in words, with its code.
  static func reason(_ reason: CloseReason) -> HTML {
    "\(Words.reason(reason)) <code>\(reason.rawValue)</code>"
  }
}
