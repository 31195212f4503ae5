extension Form where Value == Int {
  /// A whole number within bounds.
  static func integer(_ range: ClosedRange<Int>) -> Form {
    Form("number \(range.lowerBound) to \(range.upperBound)", show: { "\($0)" }) {
      text throws(FormProblem) in
      guard let number = Int(text) else {
        throw FormProblem(
          .invalidValue, "“\(text)” is not a whole number", cause: "a typing error, or a unit",
          next: "write a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return try bounded(number, range, show: { "\($0)" })
    }
  }
}

extension Form where Value == UInt16 {
  /// A UDP port.
  static func port(from lowest: UInt16 = 1) -> Form {
    let number = Form<Int>.integer(Int(lowest)...65535)
    return Form("port \(lowest) to 65535", show: { "\($0)" }) { text throws(FormProblem) in
      UInt16(try number.parse(text))
    }
  }
}

extension Form where Value == Duration {
  /// A time with its unit, within bounds.
  static func duration(_ range: ClosedRange<Duration>) -> Form {
    let bounds = "\(DurationText.show(range.lowerBound)) to \(DurationText.show(range.upperBound))"
    return Form("duration \(bounds)", show: DurationText.show) { text throws(FormProblem) in
      guard let duration = DurationText.parse(text) else {
        throw FormProblem(
          .invalidValue, "“\(text)” is not a duration",
          cause: Int(text) == nil ? "a typing error" : "the unit is missing",
          next: "write a number with ms, s, m, h or d: 60s, 10m, 1h30m")
      }
      return try bounded(duration, range, show: DurationText.show)
    }
  }
}

extension Form where Value == UInt64 {
  /// A number of bytes with its unit, within bounds.
  static func size(_ range: ClosedRange<UInt64>) -> Form {
    let bounds = "\(SizeText.show(range.lowerBound)) to \(SizeText.show(range.upperBound))"
    return Form("size \(bounds)", show: SizeText.show) { text throws(FormProblem) in
      guard let bytes = SizeText.parse(text) else {
        throw FormProblem(
          .invalidValue, "“\(text)” is not a size",
          cause: UInt64(text) == nil ? "a typing error" : "the unit is missing",
          next: "write a number with B, kB, MB, GB, KiB, MiB or GiB: 250MB, 1GiB")
      }
      return try bounded(bytes, range, show: SizeText.show)
    }
  }
}

/// The value when it lies within its bounds.
private func bounded<Value: Comparable>(
  _ value: Value, _ range: ClosedRange<Value>, show: (Value) -> String
) throws(FormProblem) -> Value {
  guard range.contains(value) else {
    let bound =
      value < range.lowerBound
      ? "less than the least, \(show(range.lowerBound))"
      : "more than the most, \(show(range.upperBound))"
    throw FormProblem(
      .outOfRange, "\(show(value)) is \(bound)", cause: "the value is beyond its bounds",
      next: "choose one from \(show(range.lowerBound)) to \(show(range.upperBound))")
  }
  return value
}
