import ConnectionService
import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct TimestampTests {
  /// RFC 3339 §5.8 where it is in UTC, and the ends of what can be written.
  static let vectors: [(text: String, milliseconds: Int64)] = [
    ("1970-01-01T00:00:00.000Z", 0),
    ("1985-04-12T23:20:50.520Z", 482_196_050_520),
    ("1996-12-20T00:39:57.000Z", 851_042_397_000),
    ("1937-01-01T12:00:27.870Z", -1_041_335_972_130),
    ("2000-02-29T23:59:59.999Z", 951_868_799_999),
    ("2026-01-31T09:05:00.250Z", 1_769_850_300_250),
    ("1969-12-31T23:59:59.999Z", -1),
    ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
    ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
  ]

  @Test(arguments: vectors)
  func vectorsAreReadAndWritten(_ vector: (text: String, milliseconds: Int64)) throws {
    #expect(Timestamp(milliseconds: vector.milliseconds).text == vector.text)
    #expect(try #require(Timestamp(vector.text)).milliseconds == vector.milliseconds)
  }

  @Test func everyMomentComesBackAsItWas() {
    var random = SeededRandom(seed: 9)
    for _ in 0..<2000 {
      let time = Timestamp(
        milliseconds: Int64.random(
          in: -62_135_596_800_000...253_402_300_799_999, using: &random))
      #expect(Timestamp(time.text) == time)
    }
  }

  @Test(arguments: [
    ("2026-01-31T09:05:00Z", 0), ("2026-01-31T09:05:00.2Z", 200), ("2026-01-31T09:05:00.25Z", 250),
    ("2026-01-31T09:05:00.2509999Z", 250),
  ])
  func theFractionMayBeMissingOrOfAnyLength(_ text: String, _ milliseconds: Int64) throws {
    let time = try #require(Timestamp(text))
    #expect(time.milliseconds == 1_769_850_300_000 + milliseconds)
  }

  @Test(arguments: [
    "", "Z", "now", "2026-01-31", "2026-01-31T09:05:00", "2026-01-31T09:05:00.Z",
    "2026-01-31T09:05:00.25", "2026-01-31 09:05:00Z", "2026-01-31T09:05:00+00:00",
    "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
    "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z", "2026-01-31T09:05:60Z",
    "0000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "2026-1-31T09:05:00Z",
    "2026-01-31T09:05:00.1x3Z", "２０２６-01-31T09:05:00Z", "2026-01-31T09:05:00ZZ",
    "2026-01-31T09:05:00.00000000000000000000000000Z", "+026-01-31T09:05:00Z",
  ])
  func whatIsNoTimeIsRefused(_ text: String) { #expect(Timestamp(text) == nil) }

  @Test func momentsBeyondFourDigitsAreWrittenAsTheNearest() {
    #expect(Timestamp(milliseconds: .max).text == "9999-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: .min).text == "0001-01-01T00:00:00.000Z")
  }

  @Test func arithmeticSaturates() {
    let last = Timestamp(milliseconds: .max)
    let first = Timestamp(milliseconds: .min)
    #expect(last + .seconds(1) == last)
    #expect(first + .seconds(-1) == first)
    #expect(Timestamp(milliseconds: 5) + .milliseconds(7) == Timestamp(milliseconds: 12))
    #expect(Timestamp(milliseconds: 5) - Timestamp(milliseconds: 12) == .milliseconds(-7))
    #expect(last - first == .milliseconds(Int64.max))
    #expect(first - last == .milliseconds(Int64.min))
  }
}
