import PPP
import Primitives
import Settings

extension Settings.PPPAuthentication {
  var engineProtocol: AuthenticationProtocol {
    switch self {
    case .mschapv2: .msCHAPv2
    case .chap: .chapMD5
    case .pap: .pap
    }
  }
}

extension PPPConfiguration {
  /// The MRUs that a link announces; less than 576 bytes no peer has to accept (RFC 1661 §6.1
  /// leaves it open, IPv4 does not).
  static let mruRange = 576...1500

  /// The gateway's end of a link.
  init(_ profile: Settings.PPPProfile, systemName: String) {
    self.init(role: .authenticator)
    self.systemName = systemName
    authentication = profile.authentication.map(\.engineProtocol)
    mruBytes = Self.clamp(mruBytes: profile.mruBytes)
    echoInterval = profile.echoInterval
    echoFailuresMax = profile.echoFailuresMax
  }

  /// The client's end of a link.
  init(_ ppp: Settings.DialPPP, userName: String, password: Secret) {
    self.init(role: .peer)
    self.userName = userName
    self.password = password
    authentication = ppp.authentication.map(\.engineProtocol)
    requestsDNS = ppp.askDNS
    mruBytes = Self.clamp(mruBytes: ppp.mruBytes)
    echoInterval = ppp.echoInterval
    echoFailuresMax = ppp.echoFailuresMax
  }

  private static func clamp(mruBytes: Int) -> Int {
    min(max(mruBytes, mruRange.lowerBound), mruRange.upperBound)
  }
}
