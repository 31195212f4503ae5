import ConnectionService
import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct InactivityTimeoutTests {
  @Test(arguments: [
    (0, 300, true), (-1, 300, true), (299, 300, true), (300, 300, false), (1200, 1200, false),
    (3600, 3600, false), (3601, 3600, true), (Int64.max, 3600, true), (Int64.min, 300, true),
  ])
  func badInput60EveryNumberIsClamped(_ asked: Int64, _ seconds: Int64, _ wasClamped: Bool) {
    let timeout = InactivityTimeout(requestedSeconds: asked)
    #expect(timeout.seconds == seconds)
    #expect(timeout.wasClamped == wasClamped)
    #expect(timeout.duration == .seconds(seconds))
  }

  @Test func badInput60AMissingNumberIsTwentyMinutesAndNotClamped() {
    let timeout = InactivityTimeout(requestedSeconds: nil)
    #expect(timeout.seconds == 1200)
    #expect(!timeout.wasClamped)
  }

  @Test(arguments: [
    ("20", 20), ("-1", -1), ("9223372036854775807", .max), ("9223372036854775808", .max),
    ("-9223372036854775809", .min), ("1e300", .max), ("-1e300", .min), ("null", nil),
  ])
  func badInput60EveryWholeNumberIsRead(_ number: String, _ seconds: Int64?) throws {
    let request: ConnectRequest = try decoded("{\"inactivitySeconds\": \(number)}")
    #expect(request.inactivitySeconds == seconds)
    let parameters: VPNParameters = try decoded(
      "{\"credentials\": {\"named\": {\"_0\": \"site\"}}, \"inactivitySeconds\": \(number)}")
    #expect(parameters.inactivitySeconds == seconds)
  }

  @Test(arguments: [
    "\"20\"", "20.5", "NaN", "true", "[]", "{}", "\"\"", "1e400",
  ])
  func badInput60WhatIsNoWholeNumberIsRefused(_ number: String) {
    #expect(throws: (any Error).self) {
      let _: ConnectRequest = try decoded("{\"inactivitySeconds\": \(number)}")
    }
  }

  @Test func aMissingNumberIsRead() throws {
    let request: ConnectRequest = try decoded("{}")
    #expect(request == ConnectRequest())
  }
}

func decoded<Value: Decodable>(_ json: String) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(json.utf8))
}
