import CCryptography

/// The operating system's random number generator, for everything secret or unpredictable.
///
/// Has no state of its own: the numbers come from a buffer of the calling thread, so copies are
/// independent and may cross threads. Ends the process when the kernel gives no entropy, since
/// no key may be made without.
public struct SystemRandom: RandomNumberGenerator, Sendable {
  public init() {}

  public mutating func next() -> UInt64 {
    var word: UInt64 = 0
    guard unsafe cc_random(&word) == 0 else {
      unsafe cc_end_process(
        "The operating system gives no random numbers; no key can be made without them.")
    }
    return word
  }
}
