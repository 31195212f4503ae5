extension Section {
  /// Reads a profile's name or a list of suites in order of preference.
  ///
  /// Legacy algorithms are taken with a warning, never without one.
  mutating func read<Suite: LosslessStringConvertible & Hashable & Sendable>(
    algorithms key: String, listName: String, into choice: inout AlgorithmChoice<Suite>,
    isLegacy: (Suite) -> Bool
  ) {
    log.describe(
      child(key), form: "\(Form<AlgorithmProfile>.choice.name); or a list of \(listName)",
      defaultText: AlgorithmProfile.standard.rawValue)
    guard let node = node(key) else { return }
    if case .scalar(let text) = node.content, let profile = AlgorithmProfile(rawValue: text) {
      choice = .profile(profile)
      if profile == .legacy { warnOfLegacy(key) }
      return
    }
    let form = Form<Suite>(listName, show: \.description) { text throws(FormProblem) in
      guard let suite = Suite(text) else {
        throw FormProblem(
          .invalidValue, "“\(text)” is neither a profile nor a known combination of algorithms",
          cause: "a typing error, or an algorithm that is not offered",
          next: "write default, compatible or legacy, or a list of \(listName)")
      }
      return suite
    }
    let suites = values(of: key, form, max: AlgorithmChoice<Suite>.suitesMax)
    guard !suites.isEmpty else { return }
    choice = .list(suites)
    if suites.contains(where: isLegacy) { warnOfLegacy(key) }
  }

  private func warnOfLegacy(_ key: String) {
    log.report(
      FormProblem(
        .legacyAlgorithms, "algorithms that are no longer safe are offered",
        cause: "3DES, MD5, modp1024 or modp1536 is in the list",
        next: "use the default or compatible profile as soon as the peers allow it"),
      at: child(key), severity: .warning)
  }
}
