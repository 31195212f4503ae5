/// For inputs that cannot send a Configure-Request or a Challenge, and so need no random number:
/// Down and Close (their rows of RFC 1661 §4.1 have no scr).
struct NoRandom: RandomNumberGenerator {
  mutating func next() -> UInt64 { 0 }
}
