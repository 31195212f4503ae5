import IKE

extension Endpoint {
  /// Lends the ISAKMP engine to whoever shows its state.
  public var isakmpEngine: ISAKMPEngine {
    _read { yield isakmp }
  }
}
