extension InactivityTimeout {
  /// What another broker says is in force (CS-23); beyond the range it is the nearest value in it.
  public init(inForceSeconds: Int64, wasClamped: Bool) {
    let nearest = InactivityTimeout(requestedSeconds: inForceSeconds)
    guard wasClamped, !nearest.wasClamped else {
      self = nearest
      return
    }
    self.init(knownSeconds: nearest.seconds, wasClamped: true)
  }
}
