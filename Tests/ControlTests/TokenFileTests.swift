import Control
import Foundation
import Programs
import Testing

@testable import drawbridge

/// The file of a device's token.
@Suite(.timeLimit(.minutes(5))) struct TokenFileTests {
  @Test func onlyItsOwnerMayReadIt() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("token")
    try TokenFile(creating: path).write("dbt_secret")
    #expect(folder.mode(of: path) == 0o600)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "dbt_secret\n")
  }

  @Test func whatIsThereAlreadyStays() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("token")
    try "the old one\n".write(toFile: path, atomically: false, encoding: .utf8)
    let link = folder.file("link")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: folder.file("elsewhere"))
    for taken in [path, link] {
      let refusal = #expect(throws: ControlError.self) { try TokenFile(creating: taken) }
      #expect(refusal?.code == .refused)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "the old one\n")
    #expect(folder.names == ["link", "token"], "a link leads nowhere")
  }
}
