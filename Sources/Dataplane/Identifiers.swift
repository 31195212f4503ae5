/// Names what carries L2TP to one peer: an IPsec connection, or clear UDP. Chosen by the caller.
public struct CarrierID: Hashable, Comparable, Sendable {
  public var value: UInt32

  public init(_ value: UInt32) { self.value = value }

  public static func < (left: CarrierID, right: CarrierID) -> Bool { left.value < right.value }
}

/// Names one PPP session on the packet path. Chosen by the caller.
public struct SessionID: Hashable, Comparable, Sendable {
  public var value: UInt32

  public init(_ value: UInt32) { self.value = value }

  public static func < (left: SessionID, right: SessionID) -> Bool { left.value < right.value }
}
