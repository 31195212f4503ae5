/// How a thing stands, for the eye: the style sheet puts a sign and a colour before its words.
enum StateMark: String, CaseIterable {
  case online
  case offline
  case up
  case busy
  case closing
  case over
  case failed
  /// Neither good nor bad.
  case plain
}

extension HTML {
  /// A sign and words.
  ///
  /// - Parameter isOld: it was so when last heard of, and has no colour.
  static func state(_ mark: StateMark, _ words: String, isOld: Bool = false) -> HTML {
    "<b class=\"\(mark.rawValue)\(isOld ? " old" : "")\">\(words)</b>"
  }
}
