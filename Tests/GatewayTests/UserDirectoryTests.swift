import Gateway
import PPP
import Primitives
import Testing

/// Who is known, and who is not.
@Suite(.timeLimit(.minutes(5))) struct UserDirectoryTests {
  private let users = UserDirectory([
    UserDirectory.User(name: "anna", password: Secret(text: "sesame"))
  ])

  private func verdict(_ user: String, _ password: String) -> AuthenticationVerdict {
    users.verdict(
      on: AuthenticationRequest(
        ticket: 1, userName: Array(user.utf8), material: .pap(password: Secret(text: password))))
  }

  /// The password that an unknown user's proof is measured against, for equal time, opens nothing.
  @Test(arguments: ["", "sesame", "nobody has this password"])
  func nobodyUnknownGetsInWhateverTheyKnow(password: String) {
    #expect(verdict("nobody", password) == .refused)
    #expect(verdict("", password) == .refused)
  }

  @Test func aUserGetsInWithTheOwnPasswordAlone() {
    #expect(verdict("anna", "sesame") == .accepted())
    #expect(verdict("anna", "nobody has this password") == .refused)
    #expect(verdict("OFFICE\\anna", "sesame") == .accepted())
  }
}
