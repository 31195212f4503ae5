import Dataplane
import ESP
import IKE

// A negotiated SA pair as the packet path wants it.
extension ChildSA {
  var dataplaneEncapsulation: Encapsulation {
    switch encapsulation {
    case .plain: .plainESP
    case .udp: .udpESP
    }
  }

  func configuration(of direction: Direction) -> SAConfiguration {
    SAConfiguration(
      spi: direction.spi, transform: transform, keys: direction.keys, lifetime: byteLifetime,
      replayWindow: Int(replayWindow))
  }

  /// Nine tenths of the bytes ask for a successor, all of them end the SA.
  private var byteLifetime: ESPLifetime {
    guard let kilobytes = lifetime.kilobytes else { return .unlimited }
    let (bytes, overflow) = kilobytes.multipliedReportingOverflow(by: 1024)
    guard !overflow else { return .unlimited }
    return ESPLifetime(softBytes: bytes / 10 * 9, hardBytes: bytes)
  }
}
