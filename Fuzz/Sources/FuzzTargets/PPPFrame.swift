import PPP
import Primitives

extension FuzzTarget {
  /// One frame for a link in some phase, which the first byte of the input chooses: the frame,
  /// packet, option, PAP and CHAP readers.
  static let pppFrame = FuzzTarget(
    name: "ppp-frame", inputBytesMax: 1_600,
    seeds: {
      LinkPair.exchange().enumerated().map { number, frame in
        [UInt8(truncatingIfNeeded: number &* 37)] + frame
      }
    },
    run: { input in
      guard let choice = input.first else { return }
      var pair = LinkPair(mode: choice & 0xf)
      // A link is up after some 14 frames.
      pair.pass(messagesMax: Int(choice >> 5) * 2)
      pair.inject(Array(input.dropFirst()), toGateway: choice & 0x10 == 0)
    })
}
