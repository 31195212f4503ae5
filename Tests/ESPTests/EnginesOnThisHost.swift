import Cryptography

extension ESPCryptoEngine.Kind {
  /// The implementations that a host must have: a test that finds one missing fails instead of
  /// passing without having looked. `make` installs Intel's library where there is one.
  static var onThisHost: [ESPCryptoEngine.Kind] {
    #if arch(x86_64)
      allCases
    #else
      [.openSSL]
    #endif
  }
}

/// This host lacks an implementation that `onThisHost` promises.
struct EngineMissing: Error {
  let kind: ESPCryptoEngine.Kind
}

/// An engine, or an error that fails the test.
func makeEngine(_ kind: ESPCryptoEngine.Kind, countMax: Int) throws -> ESPCryptoEngine {
  guard let engine = ESPCryptoEngine(kind, countMax: countMax) else {
    throw EngineMissing(kind: kind)
  }
  return engine
}
