import Primitives

/// One thing to be fuzzed.
struct FuzzTarget: Sendable {
  /// As on the command line of `Scripts/fuzz`; a hyphenated noun.
  var name: String
  /// The longest useful input.
  var inputBytesMax: Int
  /// The input is a script for machines: what counts is which of their branches it takes. The
  /// fuzzer then keeps no books on compared values, which would take it longer than the run itself.
  var isScript = false
  /// Where to start from: real exchanges, made anew by the product itself, so that no binary files
  /// need be kept and no seed grows stale.
  var seeds: @Sendable () -> [[UInt8]]
  /// Words of the language that the input is written in, for the fuzzer to put in.
  var words: [String] = []
  /// Takes any bytes. Must neither trap nor hang nor eat memory; a broken promise of the product
  /// is reported by `require`.
  var run: @Sendable ([UInt8]) -> Void

  static let all: [FuzzTarget] = [
    .isakmpParser, .isakmpEngine, .l2tpParser, .l2tpTunnel, .pppFrame, .pppLink, .espOpener,
    .packetPath, .endpoint, .brokerJSON, .brokerReport, .eventFile, .eventStream, .settings,
    .netlink,
  ]
}

/// Ends the process, for libFuzzer to keep the input, when the product broke a promise.
func require(
  _ promise: Bool, _ sentence: @autoclosure () -> String, file: StaticString = #file,
  line: UInt = #line
) {
  guard !promise else { return }
  fatalError(sentence(), file: file, line: line)
}

/// No input may make a machine say more than this at once.
let outputsMax = 4_096
