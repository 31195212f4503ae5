import ConnectionService
import Foundation
import Primitives

extension Timestamp {
  /// By this machine's clock: good enough to say how long ago something was.
  static var wallClock: Timestamp {
    Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
  }

  /// Whole seconds from then to `self`; zero when that is still to come.
  func seconds(since then: Timestamp) -> Int64 { max(0, (self - then).wholeSeconds) }
}

extension HTML {
  /// A moment in UTC; the page's script turns it into the reader's zone.
  static func moment(_ time: Timestamp) -> HTML {
    let text = time.text
    let day = String(text.prefix(10))
    let clock = String(text.dropFirst(11).prefix(8))
    return "<time datetime=\"\(time)\">\(day) \(clock)Z</time>"
  }

  /// e.g. `2 h 05 min`, `12 min 03 s`, `45 s`: two units at most.
  static func duration(seconds: Int64) -> String {
    let (minutes, rest) = seconds.quotientAndRemainder(dividingBy: 60)
    let (hours, restMinutes) = minutes.quotientAndRemainder(dividingBy: 60)
    if hours >= 48 { return "\(hours / 24) d \(hours % 24) h" }
    if hours > 0 { return "\(hours) h \(padded(restMinutes)) min" }
    if minutes > 0 { return "\(minutes) min \(padded(rest)) s" }
    return "\(rest) s"
  }

  /// Time that is left; the page's script counts it down.
  static func countdown(seconds: Int64) -> HTML {
    "<span data-left=\"\(seconds)\">\(duration(seconds: seconds))</span>"
  }

  /// e.g. `12.4 MB`.
  static func size(bytes: UInt64) -> String {
    var value = Double(bytes)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 1000 { return (unit == "B" ? "\(bytes)" : rounded(value)) + " \(unit)" }
      value /= 1000
    }
    return rounded(value) + " TB"
  }

  private static func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
  private static func rounded(_ value: Double) -> String { String(format: "%.1f", value) }
}
