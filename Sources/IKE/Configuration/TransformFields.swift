/// The attributes of one transform, looked at strictly: a number at most once, basic ones in the
/// TV form, life type and life duration in pairs (RFC 2409 Appendix A, RFC 2407 §4.5).
struct TransformFields {
  /// At most `SecurityAssociation.attributesMax`, typically five: a search is the fastest table.
  private var numbers: [(type: UInt16, value: UInt16)] = []
  private(set) var lifetime = Lifetime(seconds: nil, kilobytes: nil)

  /// `nil` when an attribute is repeated, ill encoded, or a lifetime is zero or too long to read.
  init?(_ attributes: [Attribute], lifeType: UInt16, lifeDuration: UInt16) {
    var unit: UInt16?
    numbers.reserveCapacity(attributes.count)
    for attribute in attributes {
      if attribute.type == lifeType {
        guard unit == nil, let type = attribute.basic else { return nil }
        unit = type
      } else if attribute.type == lifeDuration {
        guard let duration = attribute.duration else { return nil }
        switch unit {
        case Lifetime.secondsType where lifetime.seconds == nil: lifetime.seconds = duration
        case Lifetime.kilobytesType where lifetime.kilobytes == nil: lifetime.kilobytes = duration
        default: return nil
        }
        unit = nil
      } else {
        guard let number = attribute.basic, self[attribute.type] == nil else { return nil }
        numbers.append((attribute.type, number))
      }
    }
    guard unit == nil else { return nil }
  }

  subscript(type: UInt16) -> UInt16? { numbers.first { $0.type == type }?.value }

  func onlyContains(_ types: [UInt16]) -> Bool {
    numbers.allSatisfy { types.contains($0.type) }
  }

  /// Whether a Key Length attribute asks for exactly `bits`.
  ///
  /// Deviation: the beta of Windows Vista sends it with its bytes swapped.
  static func keyLength(_ attribute: UInt16?, is bits: UInt16?) -> Bool {
    guard let attribute, let bits else { return attribute == nil && bits == nil }
    return attribute == bits || attribute == bits.byteSwapped
  }
}

/// How long an SA may be used; `nil` where nothing was said.
public struct Lifetime: Hashable, Sendable {
  public var seconds: UInt64?
  public var kilobytes: UInt64?

  public init(seconds: UInt64?, kilobytes: UInt64? = nil) {
    self.seconds = seconds
    self.kilobytes = kilobytes
  }

  /// Life types (RFC 2409 Appendix A, RFC 2407 §4.5).
  static let secondsType: UInt16 = 1
  static let kilobytesType: UInt16 = 2

  /// The default of RFC 2407 §4.5 when a phase 2 peer names none: eight hours.
  static let secondsDefault: UInt64 = 28_800

  func attributes(type: UInt16, duration: UInt16) -> [Attribute] {
    var result: [Attribute] = []
    if let seconds {
      result.append(Attribute(type, .basic(Self.secondsType)))
      result.append(Attribute(duration, number: UInt32(clamping: seconds)))
    }
    if let kilobytes {
      result.append(Attribute(type, .basic(Self.kilobytesType)))
      result.append(Attribute(duration, number: UInt32(clamping: kilobytes)))
    }
    return result
  }

  /// The shorter of both, unit by unit.
  func shortened(by other: Lifetime) -> Lifetime {
    Lifetime(
      seconds: Self.least(seconds, other.seconds),
      kilobytes: Self.least(kilobytes, other.kilobytes))
  }

  private static func least(_ left: UInt64?, _ right: UInt64?) -> UInt64? {
    guard let left else { return right }
    return right.map { min(left, $0) } ?? left
  }
}
