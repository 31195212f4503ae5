import Primitives
import Testing

@testable import PPP

/// One link on the bench: the test plays the other end by hand.
///
/// A class, so that `#expect` can take the answer of an input as an expression.
final class Bench {
  var link: PPPLink
  var now = Instant.zero
  var random = SeededRandom(seed: 7)
  /// Every frame sent so far.
  var sent: [[UInt8]] = []
  var events: [PPPEvent] = []

  init(_ configuration: PPPConfiguration) {
    link = PPPLink(configuration)
  }

  /// A started link.
  static func started(_ configuration: PPPConfiguration) -> Bench {
    let bench = Bench(configuration)
    bench.link.start(at: bench.now, using: &bench.random)
    bench.drain()
    return bench
  }

  /// A gateway with LCP Opened; nobody authenticated yet.
  static func gatewayInAuthenticate(_ method: AuthenticationProtocol = .msCHAPv2) -> Bench {
    let bench = started(.gateway.with { $0.authentication = [method] })
    bench.openLCP()
    return bench
  }

  /// A gateway without authentication, with LCP Opened and the address given.
  static func gatewayInNetwork(
    _ change: (inout PPPConfiguration) -> Void = { _ in }
  ) -> Bench {
    let bench = started(
      .gateway.with {
        $0.authentication = []
        change(&$0)
      })
    bench.openLCP()
    bench.link.assignAddress(LinkPair.offer, at: bench.now, using: &bench.random)
    bench.drain()
    return bench
  }

  /// The same with IPCP Opened.
  static func gatewayUp(_ change: (inout PPPConfiguration) -> Void = { _ in }) -> Bench {
    let bench = gatewayInNetwork(change)
    bench.acknowledgeRequest(of: .ipcp)
    bench.receive(.ipcp, .configureRequest, 1, [3, 6, 10, 0, 0, 77])
    return bench
  }

  /// A client with LCP Opened and `method` demanded by the gateway.
  static func clientInAuthenticate(_ method: AuthenticationProtocol = .msCHAPv2) -> Bench {
    let bench = started(.client.with { $0.authentication = [method] })
    let option = ConfigureOption(3, method.optionValue)
    bench.openLCP(peerOptions: ConfigureOption.encode([option]))
    return bench
  }

  /// Acknowledges the link's request and sends one of the peer's, by default an MRU and a magic.
  func openLCP(peerOptions: [UInt8] = [1, 4, 5, 0xdc, 5, 6, 1, 2, 3, 4]) {
    acknowledgeRequest(of: .lcp)
    receive(.lcp, .configureRequest, 1, peerOptions)
  }

  /// Sends a frame to the link; what the link sent in answer.
  @discardableResult
  func receive(_ frame: [UInt8]) -> [[UInt8]] {
    let before = sent.count
    link.receive(frame, at: now, using: &random)
    drain()
    return Array(sent[before...])
  }

  @discardableResult
  func receive(
    _ number: PPPProtocol, _ code: ControlCode, _ identifier: UInt8, _ data: [UInt8] = []
  ) -> [[UInt8]] {
    receive(ControlPacket(code, identifier: identifier, data: data).frame(number))
  }

  /// Lets time pass and fires the timers at `now`; what the link sent.
  @discardableResult
  func advance(by span: Duration) -> [[UInt8]] {
    let before = sent.count
    let end = now + span
    while let due = link.nextTimeout, due <= end {
      now = max(now, due)
      link.handleTimeout(at: now, using: &random)
      drain()
    }
    now = end
    return Array(sent[before...])
  }

  func drain() {
    while let frame = link.nextTransmit() { sent.append(frame) }
    while let event = link.nextEvent() { events.append(event) }
  }

  /// The link's last Configure-Request of `number`.
  func lastRequest(of number: PPPProtocol) -> ControlPacket? {
    sent.reversed().lazy.compactMap { Bench.packet($0, of: number) }
      .first { $0.code == ControlCode.configureRequest.rawValue }
  }

  func acknowledgeRequest(of number: PPPProtocol) {
    guard let request = lastRequest(of: number) else {
      Issue.record("there is no request to acknowledge")
      return
    }
    receive(number, .configureAck, request.identifier, request.data)
  }

  static func packet(_ frame: [UInt8], of number: PPPProtocol) -> ControlPacket? {
    guard let frame = try? PPPFrame(parsing: frame), frame.protocolNumber == number else {
      return nil
    }
    return try? ControlPacket(parsing: frame.information)
  }
}

extension ControlPacket {
  /// For the one-line expectations of tests.
  var options: [ConfigureOption] { (try? ConfigureOption.list(parsing: data)) ?? [] }
}

/// Bytes from hexadecimal digits; anything else in the text is skipped.
func hex(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue).map(UInt8.init)
  return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
