import Testing

@testable import ConnectionService

@Suite(.timeLimit(.minutes(5))) struct CivilDateTests {
  @Test func everyDayOfFourHundredYearsFollowsTheOneBefore() throws {
    var (year, month, day) = (Int64(1800), Int64(1), Int64(1))
    var days = try #require(CivilDate(year: year, month: month, day: day)).daysSince1970
    for _ in 0..<146_097 {
      let date = try #require(CivilDate(year: year, month: month, day: day))
      guard date.daysSince1970 == days, CivilDate(daysSince1970: days) == date else {
        Issue.record("\(year)-\(month)-\(day) is not day \(days)")
        return
      }
      days += 1
      day += 1
      if day > length(of: month, in: year) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    #expect((year, month, day) == (2200, 1, 1))
  }

  @Test func daysThatDoNotExistAreNone() {
    for (year, month, day) in [
      (1900, 2, 29), (2023, 2, 29), (2024, 2, 30), (2024, 4, 31), (2024, 0, 1), (2024, 13, 1),
      (2024, 1, 0), (2024, 1, 32), (0, 1, 1), (10_000, 1, 1), (-1, 1, 1),
    ] as [(Int64, Int64, Int64)] {
      #expect(CivilDate(year: year, month: month, day: day) == nil)
    }
    #expect(CivilDate(year: 2000, month: 2, day: 29) != nil)
    #expect(CivilDate(year: .max, month: .max, day: .max) == nil)
  }

  private func length(of month: Int64, in year: Int64) -> Int64 {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }
}
