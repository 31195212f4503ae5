import L2TP
import Primitives

extension FuzzTarget {
  /// Everything that reads an L2TP control message without a tunnel.
  static let l2tpParser = FuzzTarget(
    name: "l2tp-parser", inputBytesMax: 9_000, seeds: { TunnelPair.exchange() },
    run: { message in
      _ = try? ControlHeader(parsing: message)
      _ = try? Tunnel.peekSCCRQ(message)
      _ = try? Tunnel.peekSCCRQ(message, secret: TunnelPair.secret)
      if let answer = Tunnel.answerWithoutTunnel(to: message) {
        require((try? ControlMessage(parsing: answer)) != nil, "our own answer is malformed")
      }
      if let facts = try? Tunnel.peekSCCRQ(message),
        let refusal = Tunnel.refusal(
          of: facts, localID: 1, result: ResultCode(stopCCN: .notAuthorized))
      {
        require((try? ControlMessage(parsing: refusal)) != nil, "our own refusal is malformed")
      }
      guard let parsed = try? ControlMessage(parsing: message) else { return }
      require(
        (try? ControlMessage(parsing: parsed.bytes)) == parsed,
        "a message that was parsed and written is another one")
    })
}
