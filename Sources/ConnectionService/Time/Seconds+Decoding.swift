extension KeyedDecodingContainer {
  /// A number of seconds that is clamped later anyway: whole numbers beyond 64 bits are taken as the
  /// largest or smallest there is; anything else but a whole number is refused.
  func decodeSecondsIfPresent(forKey key: Key) throws -> Int64? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    if let seconds = try? decode(Int64.self, forKey: key) { return seconds }
    let number = try decode(Double.self, forKey: key)
    guard number.isFinite, number == number.rounded(), abs(number) >= 0x1p62 else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "this is no whole number of seconds")
    }
    return number < 0 ? .min : .max
  }
}
