import Control
import Settings

/// Values as tables show them.
enum Show {
  /// `9m58s`; rounded to the second from ten seconds up. Empty for nothing.
  static func time(_ seconds: Double?) -> String {
    // Beyond what any timer holds, so that a strange reply cannot trap the conversion.
    guard let seconds, seconds.isFinite else { return "" }
    let bounded = min(max(0, seconds), 1e9)
    let milliseconds = bounded < 10 ? (bounded * 10).rounded() * 100 : bounded.rounded() * 1000
    return DurationText.show(.milliseconds(Int64(milliseconds)))
  }

  /// A time that counts down, or `never` for a timeout of zero.
  static func timeout(_ seconds: Double) -> String { seconds == 0 ? "never" : time(seconds) }

  /// A flag, in a word that can be searched for.
  static func mark(_ isSet: Bool) -> String { isSet ? "yes" : "no" }

  /// `12.3 MB`; whole below a kilobyte.
  static func bytes(_ bytes: UInt64?) -> String {
    guard let bytes else { return "" }
    let units: [(name: String, size: UInt64)] = [
      ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000),
    ]
    guard let unit = units.first(where: { bytes >= $0.size }) else { return "\(bytes) B" }
    let tenths = bytes / (unit.size / 10)
    return "\(tenths / 10).\(tenths % 10) \(unit.name)"
  }

  /// `3/8`, `3/∞` without a limit.
  static func share(_ part: Int, of limit: Int?) -> String {
    "\(part)/\(limit.map(String.init) ?? "∞")"
  }

  /// `192.0.2.1:500`, `[2001:db8::1]:500`.
  static func endpoint(_ address: String, _ port: Int) -> String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }

  static func peer(_ endpoints: Endpoints) -> String {
    endpoint(endpoints.peerAddress, endpoints.peerPort)
  }

  static func local(_ endpoints: Endpoints) -> String {
    endpoint(endpoints.localAddress, endpoints.localPort)
  }
}
