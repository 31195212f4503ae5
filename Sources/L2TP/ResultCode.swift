import Primitives

/// Why a control connection is cleared: Result Code values of a StopCCN (RFC 2661 §4.4.2).
public enum StopCCNResult: UInt16, CaseIterable, Hashable, Sendable {
  case generalRequest = 1
  case generalError = 2
  case alreadyExists = 3
  case notAuthorized = 4
  case unsupportedVersion = 5
  case shuttingDown = 6
  case finiteStateMachineError = 7
}

/// Why a call is disconnected: Result Code values of a CDN (RFC 2661 §4.4.2).
public enum CDNResult: UInt16, CaseIterable, Hashable, Sendable {
  case lossOfCarrier = 1
  case generalError = 2
  case administrative = 3
  case noFacilitiesTemporary = 4
  case noFacilitiesPermanent = 5
  case invalidDestination = 6
  case noCarrier = 7
  case busy = 8
  case noDialTone = 9
  case notEstablishedInTime = 10
  case noFraming = 11
}

/// General error codes (RFC 2661 §4.4.2). A struct, because a StopCCN with result 5 carries a
/// version number in the same field and peers may send any number.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public var rawValue: UInt16

  /// Any number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// No general error.
  public static let none = ErrorCode(rawValue: 0)
  /// No control connection exists yet for this pair.
  public static let noControlConnection = ErrorCode(rawValue: 1)
  /// Length is wrong.
  public static let wrongLength = ErrorCode(rawValue: 2)
  /// A value is out of range or a reserved field is not 0.
  public static let valueOutOfRange = ErrorCode(rawValue: 3)
  /// Insufficient resources to handle this now.
  public static let insufficientResources = ErrorCode(rawValue: 4)
  /// The Session ID is invalid in this context.
  public static let invalidSessionID = ErrorCode(rawValue: 5)
  /// A generic vendor-specific error occurred in the LAC.
  public static let vendorSpecific = ErrorCode(rawValue: 6)
  /// The LAC should try another LNS.
  public static let tryAnother = ErrorCode(rawValue: 7)
  /// An unknown AVP had the M bit set.
  public static let unknownMandatoryAVP = ErrorCode(rawValue: 8)
}

/// The value of a Result Code AVP: result, optional error, optional text (RFC 2661 §4.4.2).
public struct ResultCode: Hashable, Sendable {
  /// The number on the wire; its meaning depends on the message.
  public var number: UInt16
  /// The general error, or the highest version supported.
  public var error: ErrorCode?
  /// For people; at most `Attributes.textBytesMax` bytes.
  public var text: String
  /// The peer sent its numbers with the bytes swapped.
  public var wasByteSwapped: Bool = false

  /// The reason for a StopCCN.
  public init(stopCCN result: StopCCNResult, error: ErrorCode? = nil, text: String = "") {
    self.init(number: result.rawValue, error: error, text: text)
  }

  /// The reason for a CDN.
  public init(cdn result: CDNResult, error: ErrorCode? = nil, text: String = "") {
    self.init(number: result.rawValue, error: error, text: text)
  }

  private init(number: UInt16, error: ErrorCode?, text: String) {
    self.number = number
    self.error = error
    self.text = text
  }

  /// The meaning in a StopCCN.
  public var stopCCNResult: StopCCNResult? { StopCCNResult(rawValue: number) }
  /// The meaning in a CDN.
  public var cdnResult: CDNResult? { CDNResult(rawValue: number) }

  /// Deviation: Apple's client sends result and error in little-endian order. No result has a
  /// second byte that is not 0, so a number that makes sense only swapped is taken as swapped.
  init?(parsing value: [UInt8]) {
    var reader = ByteReader(value)
    guard let first = reader.readUInt16() else { return nil }
    let isSwapped = first != 0 && first & 0x00ff == 0
    number = isSwapped ? first.byteSwapped : first
    error = reader.readUInt16().map { ErrorCode(rawValue: isSwapped ? $0.byteSwapped : $0) }
    text = error == nil ? "" : Attributes.text(reader.readRest())
    wasByteSwapped = isSwapped
  }

  var avp: AVP {
    var writer = ByteWriter(capacityBytes: 4)
    writer.write(number)
    if error != nil || !text.isEmpty {
      writer.write((error ?? .none).rawValue)
      writer.write(Array(text.utf8.prefix(Attributes.textBytesMax)))
    }
    return AVP(.resultCode, writer.bytes)
  }
}
