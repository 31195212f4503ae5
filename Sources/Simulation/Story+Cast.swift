import Cryptography
import Endpoint
import IKE
import L2TP
import PPP
import Primitives

// The rules that a story is played under.
extension TunnelRules {
  static func random(using random: inout some RandomNumberGenerator) -> TunnelRules {
    TunnelRules(
      idleTimeout: .seconds([0, 5, 60].randomElement(using: &random) ?? 60),
      destructTimeout: .seconds([10, 60].randomElement(using: &random) ?? 60),
      isSingleShot: Bool.random(using: &random))
  }
}

extension Cast {
  static func random(using random: inout some RandomNumberGenerator) -> Cast {
    var cast = Cast()
    cast.rules = .random(using: &random)
    cast.isakmpLifetimeSeconds = [300, 28_800].randomElement(using: &random) ?? 300
    cast.espLifetimeSeconds = [120, 3_600].randomElement(using: &random) ?? 120
    cast.espLifetimeKilobytes = [nil, nil, 64].randomElement(using: &random) ?? nil
    cast.perfectForwardSecrecy = [nil, nil, .ecp256].randomElement(using: &random) ?? nil
    cast.rekeyLead = [.initiator, .initiator, .both].randomElement(using: &random) ?? .initiator
    cast.backoff = MessageBackoff(
      retryLimit: [3, 8].randomElement(using: &random) ?? 8,
      timeoutSeconds: [1, 4].randomElement(using: &random) ?? 4,
      mode: [.incremental, .incremental, .none].randomElement(using: &random) ?? .incremental)
    if Bool.random(using: &random) {
      cast.deadPeerDetection = DeadPeerDetection(interval: .seconds(10), timeout: .seconds(35))
    }
    cast.retryIkeAttempts = [0, 0, 3].randomElement(using: &random) ?? 0
    cast.authentication =
      [[.msCHAPv2], [.chapMD5], [.pap]].randomElement(using: &random) ?? [.msCHAPv2]
    cast.inactivityTimeout = [nil, .seconds(90)].randomElement(using: &random) ?? nil
    cast.dialsSingleShot = Bool.random(using: &random)
    cast.drawAlgorithms(using: &random)
    cast.drawIdentities(using: &random)
    cast.halfOpenPerAddressMax = [8, 64].randomElement(using: &random) ?? 8
    cast.tunnelSecret = [nil, "tunnel"].randomElement(using: &random) ?? nil
    cast.hasClearHost = Bool.random(using: &random)
    cast.sessionsMax = [1_000, 1_000, 2].randomElement(using: &random) ?? 1_000
    return cast
  }

  /// Both ends have some in common, each in its own order.
  private mutating func drawAlgorithms(using random: inout some RandomNumberGenerator) {
    let isakmp = [
      ISAKMPTransform(.aesCBC256, .sha256, .ecp256), ISAKMPTransform(.aesCBC128, .sha256, .ecp256),
    ]
    let esp: [ESPTransform] = [.aesGCM256, .aesGCM128]
    isakmpTransforms = isakmp
    clientISAKMPTransforms =
      [isakmp, isakmp, isakmp.reversed(), [isakmp[1]]].randomElement(using: &random) ?? isakmp
    espTransforms = esp
    clientESPTransforms = [esp, esp.reversed(), [esp[1]]].randomElement(using: &random) ?? esp
  }

  private mutating func drawIdentities(using random: inout some RandomNumberGenerator) {
    if Bool.random(using: &random) { gatewayIdentity = Identity(text: "gateway.example") }
    if Bool.random(using: &random) { clientIdentity = Identity(text: "clients@example") }
  }
}
