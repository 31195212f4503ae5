import ConnectionService
import Testing

@testable import BrokerServer

@Suite(.timeLimit(.minutes(5))) struct StrictJSONTests {
  private func read(_ text: String) throws(JSONFault) -> ConnectRequest {
    try StrictDecoder.decode(ConnectRequest.self, from: Array(text.utf8))
  }

  @Test func aRequestMayLeaveEverythingOut() throws {
    let empty = try read("{}")
    #expect(empty == ConnectRequest())
    let null = try read(" {\"note\": null} ")
    #expect(null == ConnectRequest())
  }

  @Test(arguments: ["0", "-1", "299", "300", "3600", "3601", "9223372036854775807"])
  func badInput60WholeNumbersAreTaken(number: String) throws {
    let request = try read("{\"inactivitySeconds\": \(number)}")
    #expect(request.inactivitySeconds == Int64(number))
  }

  @Test(arguments: [
    "1e999", "-1e999", "20.5", "1e3", "\"20\"", "true", "[]", "{}",
  ])
  func badInput60OtherNumbersAreRefusedByName(value: String) {
    let fault = #expect(throws: JSONFault.self) {
      try read("{\"inactivitySeconds\": \(value)}")
    }
    #expect(fault?.path == ["inactivitySeconds"])
  }

  @Test(arguments: [
    "", "{", "}", "[", "{\"note\"}", "{\"note\":}", "{\"note\":\"a}", "{} {}", "nul", "NaN",
    "{\"inactivitySeconds\": NaN}", "{\"inactivitySeconds\": 01}", "{\"inactivitySeconds\": -}",
    "{\"note\": \"\\ud800\"}", "{\"note\": \"\\u00\"}", "{\"note\": \"\\x\"}", "{,}",
    "{\"note\": \"\u{1}\"}", "{\"note\": \"a\",}",
  ])
  func malformedTextsAreRefused(text: String) {
    #expect(throws: JSONFault.self) { try read(text) }
  }

  /// The device clamps it anyway.
  @Test func badInput60ANumberBeyondEveryRegisterIsTheLargest() throws {
    let request = try read("{\"inactivitySeconds\": 9223372036854775808}")
    #expect(request.inactivitySeconds == .max)
  }

  @Test(arguments: ["9223372036854775808", "18446744073709551616", "-1e3"])
  func numbersThatDoNotFitAreRefusedByName(value: String) {
    let text = "{\"seconds\": \(value), \"wasClamped\": true}"
    let fault = #expect(throws: JSONFault.self) {
      try StrictDecoder.decode(InactivityTimeout.self, from: Array(text.utf8))
    }
    #expect(fault?.path == ["seconds"])
  }

  @Test func unknownFieldsAreRefusedByNameAtEveryLevel() {
    let outer = #expect(throws: JSONFault.self) { try read("{\"idle\": 20}") }
    #expect(outer?.path == ["idle"])
    let inner = #expect(throws: JSONFault.self) {
      try read("{\"parameters\": {\"credentials\": {\"named\": {\"_0\": \"a\"}}, \"x\": 1}}")
    }
    #expect(inner?.path == ["parameters", "x"])
    let beside = #expect(throws: JSONFault.self) {
      try read("{\"parameters\": {\"credentials\": {\"named\": {\"_0\": \"a\"}, \"x\": 1}}}")
    }
    #expect(beside?.path == ["parameters", "credentials", "x"])
    let deep = #expect(throws: JSONFault.self) {
      try read("{\"parameters\": {\"credentials\": {\"named\": {\"_0\": \"a\", \"x\": 1}}}}")
    }
    #expect(deep?.path == ["parameters", "credentials", "named", "x"])
  }

  @Test func aFieldThatIsThereTwiceIsRefused() {
    let fault = #expect(throws: JSONFault.self) { try read("{\"note\":\"a\",\"note\":\"b\"}") }
    #expect(fault?.path == ["note"])
  }

  @Test func theCharacterThatDatabasesCannotHoldIsRefused() {
    #expect(throws: JSONFault.self) { try read("{\"note\": \"a\\u0000b\"}") }
  }

  @Test func depthIsBounded() {
    let deepest = String(repeating: "[", count: JSONReader.depthMax)
    let closing = String(repeating: "]", count: JSONReader.depthMax)
    #expect(throws: Never.self) { try JSONReader.read(Array((deepest + closing).utf8)) }
    let fault = #expect(throws: JSONFault.self) {
      try JSONReader.read(Array(("[" + deepest + "1" + closing + "]").utf8))
    }
    #expect(fault?.sentence.contains("levels") == true)
    let bottomless = [UInt8](repeating: UInt8(ascii: "["), count: 64 * 1024)
    #expect(throws: JSONFault.self) { try JSONReader.read(bottomless) }
  }

  @Test func bytesThatAreNoTextAreRefused() {
    #expect(throws: JSONFault.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
  }

  @Test func escapesAreRead() throws {
    let request = try read(#"{"note": "\"\\\/\n\u00e9\ud83d\ude00"}"#)
    #expect(request.note == "\"\\/\né😀")
  }

  @Test func aWrongNameSaysWhereAndWhat() {
    let fault = #expect(throws: JSONFault.self) {
      try StrictDecoder.decode(
        EnrolmentRequest.self, from: Array("{\"productID\": \"../etc\"}".utf8))
    }
    #expect(fault?.path == ["productID"])
    #expect(fault?.sentence.contains("product id") == true)
    let missing = #expect(throws: JSONFault.self) {
      try StrictDecoder.decode(EnrolmentRequest.self, from: Array("{}".utf8))
    }
    #expect(missing == JSONFault(path: ["productID"], sentence: "is missing"))
  }

  @Test func aReportWithEveryKindOfAnswerIsRead() throws {
    let text = """
      {"epoch": 3, "answers": [
        {"command": 1, "outcome": {"closed": {}}},
        {"command": 2, "outcome": {"refused": {"refusal": {"code": "connectionLimit",
          "detail": "d", "cause": "c", "nextStep": "n"}}}}],
       "state": {"phase": "down", "connections": []}, "history": []}
      """
    let report = try StrictDecoder.decode(DeviceReport.self, from: Array(text.utf8))
    #expect(report.answers.count == 2)
    #expect(report.answers[0].outcome == .closed)
  }
}
