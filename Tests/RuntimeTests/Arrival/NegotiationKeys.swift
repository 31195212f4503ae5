import Cryptography
import Dataplane
import Endpoint
import Glibc
import IKE
import IPPacket
import PPP
import Primitives

@testable import Runtime

/// Keys that gateways, dial profiles and agents have in common, below their several prefixes.
enum NegotiationKeys {
  /// - Parameter choosesDetection: the times of dead peer detection are the file's to choose; those of
  ///   an agent are not (CS-12).
  static func isakmp<Running>(
    choosesDetection: Bool = true,
    _ policy: @escaping @Sendable (Running) -> IKE.ISAKMPPolicy?
  ) -> [Key<Running>] {
    var keys: [Key<Running>] = [
      Key("dpdInterval", "20s", "20") {
        policy($0)?.deadPeerDetection?.interval.wholeSecondsText
      },
      Key("dpdTimeout", "1m", "60") { policy($0)?.deadPeerDetection?.timeout.wholeSecondsText },
    ]
    if !choosesDetection { keys = [] }
    let others: [Key<Running>] = [
      Key("proposals", "[aes192-sha512-ecp384, aes256-sha1-x25519]", Self.proposals) { running in
        policy(running).map { $0.transforms.map(\.description).joined(separator: " ") }
      },
      Key("lifetime", "2h", "7200") { running in policy(running).map { "\($0.lifetimeSeconds)" } },
      Key("msgRetryLimit", "3") { running in policy(running).map { "\($0.backoff.retryLimit)" } },
      Key("msgTimeout", "7s", "7") { running in
        policy(running).map { "\($0.backoff.timeoutSeconds)" }
      },
      Key("msgBackoff", "none") { running in policy(running).map { "\($0.backoff.mode)" } },
      Key("retryIkeAttempts", "continuous") { running in
        policy(running).map { "\($0.retryIkeAttempts)" }
      },
      Key("retryPause", "3s", "3") { policy($0)?.retryPauseFirst.wholeSecondsText },
      Key("retryPauseMax", "40s", "40") { policy($0)?.retryPauseMax.wholeSecondsText },
      Key("sendNotify", "false") { running in policy(running).map { "\($0.sendNotify)" } },
      Key("sendDeletes", "false") { running in policy(running).map { "\($0.sendDeletes)" } },
      Key("natTraversal", "force", "forced") { running in
        policy(running).map { "\($0.natTraversal)" }
      },
      Key("natKeepalive", "15s", "15") { policy($0)?.keepaliveInterval.wholeSecondsText },
      Key("phase2ExchangeLimit", "9") { running in
        policy(running).map { "\($0.phase2ExchangesMax)" }
      },
    ]
    return keys + others
  }

  private static let proposals = "aesCBC192-sha512-ecp384 aesCBC256-sha1-x25519"

  static func ipsec<Running>(
    _ policy: @escaping @Sendable (Running) -> IKE.IPsecPolicy?
  ) -> [Key<Running>] {
    [
      Key("transforms", "[aes256-sha384, aes128gcm16]", Self.transforms) { running in
        policy(running).map { "\($0.transforms)" }
      },
      Key("pfs", "ecp384") { policy($0)?.perfectForwardSecrecy.map { "\($0)" } },
      Key("lifetime", "30m", "1800") { running in
        policy(running).map { "\($0.lifetimeSeconds)" }
      },
      Key("lifetimeBytes", "256MiB", "262144") { policy($0)?.lifetimeKilobytes.map { "\($0)" } },
      Key("replayWindow", "512") { running in
        policy(running).map { "\($0.replayWindowPackets)" }
      },
    ]
  }

  private static let transforms = "[aesCBC256-hmacSHA384, aesGCM128]"

  static func ppp<Running>(
    _ profile: @escaping @Sendable (Running) -> Endpoint::PPPProfile?
  ) -> [Key<Running>] {
    [
      Key("authentication", "[pap, mschapv2]", "[pap, msCHAPv2]") { running in
        profile(running).map { profile in
          "[" + profile.link.authentication.map { "\($0)" }.joined(separator: ", ") + "]"
        }
      },
      Key("mru", "1300") { running in profile(running).map { "\($0.link.mruBytes)" } },
      Key("echoInterval", "11s", "11") { profile($0)?.link.echoInterval.wholeSecondsText },
      Key("echoFailuresMax", "9") { running in
        profile(running).map { "\($0.link.echoFailuresMax)" }
      },
      Key("clampMSS", "false") { running in profile(running).map { "\($0.clampsMSS)" } },
    ]
  }
}

/// One socket of the outer side, as the kernel has it.
struct BoundPort: Sendable {
  var kind: OuterSocket
  var address: String
  var port: UInt16

  static func all(_ ports: [any OuterPorting]) -> [BoundPort] {
    ports.map {
      BoundPort(kind: $0.kind, address: "\($0.address)", port: number(of: $0.descriptor))
    }
  }

  private static func number(of descriptor: Int32) -> UInt16 {
    var address = sockaddr_in()
    var lengthBytes = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &lengthBytes)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }
}

extension [BoundPort] {
  func number(of kind: OuterSocket) -> String? {
    first { $0.kind == kind }.map { "\($0.port)" }
  }
}

extension IKE.PeerSelector {
  var text: String {
    switch self {
    case .any: "any"
    case .address(let address): "address \(address)"
    case .prefix(let prefix): "prefix \(prefix)"
    }
  }
}

extension Secret {
  /// For tests alone: the product never writes one.
  var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
