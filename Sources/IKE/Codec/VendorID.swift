/// Vendor ids that this engine sends or understands; all others are ignored.
enum VendorID {
  /// Dead Peer Detection 1.0 (RFC 3706 §5.1).
  static let deadPeerDetection: [UInt8] = [
    0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00,
  ]

  /// "MS NT5 ISAKMPOAKLEY"; four bytes of version follow.
  static let windows: [UInt8] = [
    0x1e, 0x2b, 0x51, 0x69, 0x05, 0x99, 0x1c, 0x7d, 0x7c, 0x96, 0xfc, 0xbf, 0xb5, 0x87, 0xe4, 0x61,
  ]

  /// Whether `body` announces DPD; the last byte is a minor version (RFC 3706 §5.1).
  static func isDeadPeerDetection(_ body: [UInt8]) -> Bool {
    body.count == 16 && body.dropLast().elementsEqual(deadPeerDetection.dropLast())
  }
}

/// The dialects of NAT traversal, best first.
public enum NATTraversal: Int, CaseIterable, Sendable, Comparable {
  case rfc3947
  /// Drafts 04 to 08 as old OS X speaks them: payload types 15 and 16, modes of the RFC.
  case draft08
  case draft03
  /// Draft 02 with the vendor id that hashes the name with its newline.
  case draft02Newline
  case draft02

  public static func < (left: NATTraversal, right: NATTraversal) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The vendor id: the MD5 of the document's name (RFC 3947 §3.1).
  var vendorID: [UInt8] {
    switch self {
    case .rfc3947:
      [
        0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45,
        0x2f,
      ]
    case .draft08:
      [
        0x8f, 0x8d, 0x83, 0x82, 0x6d, 0x24, 0x6b, 0x6f, 0xc7, 0xa8, 0xa6, 0xa4, 0x28, 0xc1, 0x1d,
        0xe8,
      ]
    case .draft03:
      [
        0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d,
        0x56,
      ]
    case .draft02Newline:
      [
        0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e, 0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b,
        0x1f,
      ]
    case .draft02:
      [
        0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8, 0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4,
        0x48,
      ]
    }
  }

  var discoveryPayload: PayloadType {
    switch self {
    case .rfc3947: .natDiscovery
    case .draft08: .natDiscoveryDraft08
    case .draft03, .draft02Newline, .draft02: .natDiscoveryDraft03
    }
  }

  var originalAddressPayload: PayloadType {
    switch self {
    case .rfc3947: .natOriginalAddress
    case .draft08: .natOriginalAddressDraft08
    case .draft03, .draft02Newline, .draft02: .natOriginalAddressDraft03
    }
  }

  /// The value of Encapsulation Mode for UDP-encapsulated transport (RFC 3947 §5.1, drafts §5.1).
  var udpTransportMode: UInt16 {
    switch self {
    case .rfc3947, .draft08: 4
    case .draft03, .draft02Newline, .draft02: 61444
    }
  }

  /// The best dialect that `vendorIDs` announces.
  static func best(of vendorIDs: [[UInt8]]) -> NATTraversal? {
    allCases.first { vendorIDs.contains($0.vendorID) }
  }
}
