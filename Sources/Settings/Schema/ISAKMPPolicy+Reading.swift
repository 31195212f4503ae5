extension ISAKMPPolicy {
  static let policiesMax = 256

  /// Reads one element of `isakmp.policies`.
  init(reading section: inout Section) {
    self.init(name: "default")
    section.read("name", .name, into: &name)
    section.read("peer", .peer, into: &peer)
    readNegotiation(&section)
  }

  /// Reads what a gateway's policy and a dial profile have in common.
  mutating func readNegotiation(_ section: inout Section) {
    section.read("mode", .choice, into: &mode)
    section.read("authentication", .choice, into: &authentication)
    section.read(
      algorithms: "proposals", listName: "proposals such as `aes256-sha256-modp2048`",
      into: &proposals, isLegacy: \.isLegacy)
    section.read("lifetime", .duration(.seconds(60)...(.seconds(30 * 86_400))), into: &lifetime)
    section.read("lifetimeBytes", .noLifetimeBytes, into: &lifetimeBytes)
    readBackoff(&section)
    readRetries(&section)
    readLiveness(&section)
    section.read("sendNotify", .flag, into: &sendNotify)
    section.read("sendDeletes", .flag, into: &sendDeletes)
    section.read("natTraversal", .choice, into: &natTraversal)
    section.read("phase2ExchangeLimit", .integer(1...64), into: &phase2ExchangeLimit)
  }

  private mutating func readBackoff(_ section: inout Section) {
    section.read("msgRetryLimit", .integer(0...1024), into: &msgRetryLimit)
    section.read("msgTimeout", .duration(.seconds(1)...(.seconds(86_400))), into: &msgTimeout)
    section.read("msgBackoff", .choice, into: &msgBackoff)
  }

  private mutating func readRetries(_ section: inout Section) {
    section.read("retryIkeAttempts", .retryAttempts, into: &retryIkeAttempts)
    let pauses = Duration.seconds(1)...(.seconds(3600))
    section.read("retryPause", .duration(pauses), into: &retryPause)
    section.read("retryPauseMax", .duration(pauses), into: &retryPauseMax)
    if retryPauseMax < retryPause {
      section.log.report(
        .inconsistent(
          "retryPauseMax is shorter than retryPause", cause: "the pause only grows",
          next: "raise retryPauseMax to \(DurationText.show(retryPause)) at least"),
        at: section.child("retryPauseMax"))
    }
  }

  private mutating func readLiveness(_ section: inout Section) {
    let silence = Duration.zero...(.seconds(86_400))
    section.read("dpdInterval", .duration(silence), into: &dpdInterval)
    section.read("dpdTimeout", .duration(.seconds(5)...(.seconds(86_400))), into: &dpdTimeout)
    section.read("natKeepalive", .duration(.zero...(.seconds(3600))), into: &natKeepalive)
    if dpdInterval > .zero, dpdTimeout <= dpdInterval {
      section.log.report(
        .inconsistent(
          "dpdTimeout is not longer than dpdInterval",
          cause: "a peer would be given up before it was asked",
          next: "raise dpdTimeout above \(DurationText.show(dpdInterval))"),
        at: section.child("dpdTimeout"))
    }
  }
}

extension Form where Value == ISAKMPPolicy.RetryAttempts {
  static let retryAttempts = Form("number 0 to 16, or `continuous`", show: { "\($0)" }) {
    text throws(FormProblem) in
    if text == "continuous" { return .continuous }
    return .limited(try Form<Int>.integer(0...16).parse(text))
  }
}

extension Form where Value == UInt64? {
  /// Of phase 1, which is replaced by time alone: a limit that nobody keeps is no limit.
  static let noLifetimeBytes = Form("`none`", show: { _ in "none" }) {
    text throws(FormProblem) in
    guard text == "none" else {
      throw FormProblem(
        .invalidValue, "phase 1 is not replaced by bytes", cause: "only `lifetime` replaces it",
        next: "leave lifetimeBytes out here, or set it in the IPsec policy")
    }
    return nil
  }

  /// How much an SA may carry; less than a megabyte would rekey all the time, and more
  /// than 32 bits of kilobytes many peers cannot say.
  static let lifetimeBytes = Form<UInt64>.size(1_000_000...(4 << 40)).or("none")
}

extension FormProblem {
  static func inconsistent(_ what: String, cause: String, next: String) -> FormProblem {
    FormProblem(.inconsistent, what, cause: cause, next: next)
  }
}
