import Primitives

/// A moment of the calendar, in milliseconds since 1970-01-01 00:00:00 UTC.
///
/// For records and for what several machines agree on; timers use ``Instant``. Written as RFC 3339
/// with milliseconds: `2026-01-31T09:05:00.250Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// The years that four digits can write.
  static let range =
    Timestamp(
      milliseconds: -62_135_596_800_000)...Timestamp(
      milliseconds: 253_402_300_799_999)

  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// Saturates instead of trapping.
  public static func + (time: Timestamp, duration: Duration) -> Timestamp {
    let span = duration.wholeNanoseconds / 1_000_000
    let (sum, overflow) = time.milliseconds.addingReportingOverflow(span)
    guard overflow else { return Timestamp(milliseconds: sum) }
    return Timestamp(milliseconds: span < 0 ? .min : .max)
  }

  /// The time from `right` to `left`; saturates.
  public static func - (left: Timestamp, right: Timestamp) -> Duration {
    let (span, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
    guard !overflow else { return .milliseconds(left > right ? Int64.max : Int64.min) }
    return .milliseconds(span)
  }
}

extension Timestamp: WireText {
  public static var wireName: String { "time (RFC 3339)" }

  /// RFC 3339 in UTC; a moment outside of the years 1 to 9999 is written as the nearest inside.
  public var text: String {
    let clamped = min(max(self, Self.range.lowerBound), Self.range.upperBound)
    let (day, ofDay) = clamped.milliseconds.flooredDivision(by: 86_400_000)
    let date = CivilDate(daysSince1970: day)
    let (seconds, milliseconds) = ofDay.quotientAndRemainder(dividingBy: 1000)
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, to: 2) }
    return "\(padded(date.year, to: 4))-\(padded(date.month, to: 2))-\(padded(date.day, to: 2))T"
      + "\(clock[0]):\(clock[1]):\(clock[2]).\(padded(milliseconds, to: 3))Z"
  }

  /// Reads what ``text`` writes; the fraction may be missing or longer.
  public init?(_ text: String) {
    var rest = Substring(text)
    guard text.utf8.count <= 40, let year = rest.takeNumber(digits: 4, then: "-"),
      let month = rest.takeNumber(digits: 2, then: "-"),
      let day = rest.takeNumber(digits: 2, then: "T"),
      let date = CivilDate(year: year, month: month, day: day),
      let hour = rest.takeNumber(digits: 2, then: ":"), hour < 24,
      let minute = rest.takeNumber(digits: 2, then: ":"), minute < 60,
      let second = rest.takeNumber(digits: 2, then: nil), second < 60, rest.last == "Z"
    else { return nil }
    var fraction: Int64 = 0
    if rest.first == "." {
      let digits = rest.dropFirst().dropLast()
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
        let value = Int64((digits + "00").prefix(3))
      else { return nil }
      fraction = value
    } else if rest != "Z" {
      return nil
    }
    let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second
    milliseconds = seconds * 1000 + fraction
  }
}

/// `number` with leading zeros.
private func padded(_ number: Int64, to digits: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

extension Int64 {
  /// Quotient and remainder such that the remainder is never negative.
  fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension Substring {
  /// Takes exactly `digits` decimal digits and the character after them.
  fileprivate mutating func takeNumber(digits: Int, then separator: Character?) -> Int64? {
    let head = prefix(digits)
    guard head.utf8.count == digits, head.utf8.allSatisfy({ (48...57).contains($0) }),
      let number = Int64(head)
    else { return nil }
    self = dropFirst(digits)
    guard let separator else { return number }
    guard first == separator else { return nil }
    self = dropFirst()
    return number
  }
}
