/// What was wrong with a control message, as a closed list that logs and counters share.
///
/// Those up to `notSCCRQ` are found before the message is accepted: it is dropped, not
/// acknowledged, and the state is unchanged. The others concern messages in sequence; the tunnel
/// acknowledges them and answers as the RFC demands (§4.1, §7.1).
public enum Violation: String, Error, CaseIterable, Hashable, Sendable {
  /// Fewer than the 12 bytes of a control message header (§3.1).
  case headerTruncated
  /// The T bit is 0: a data message.
  case dataMessage
  /// The Ver field is not 2.
  case headerVersion
  /// T without L or S, or with O or P (§3.1).
  case headerFlags
  /// The Length field is below the header's size or beyond the datagram.
  case headerLength
  /// Longer than `ControlMessage.byteCountMax`.
  case messageTooLong
  /// An AVP's Length is below 6 or beyond the message (§4.1).
  case avpLength
  /// More than `ControlMessage.avpsMax` AVPs.
  case avpCount
  /// The first AVP is not a well-formed clear Message Type (§4.4.1).
  case messageTypeMissing
  /// A second Message Type AVP.
  case messageTypeRepeated
  /// Addressed to another tunnel.
  case tunnelID
  /// Nr acknowledges what was never sent.
  case acknowledgesUnsent
  /// Ns lies beyond the receive window.
  case outsideWindow
  /// More unacknowledged answers than `ReliableChannel.outgoingMax`.
  case backlog
  /// Expected an SCCRQ.
  case notSCCRQ

  /// An unrecognised AVP with the M bit (§4.2).
  case unknownMandatoryAVP
  /// A mandatory AVP with a wrong length or value (§7.1).
  case malformedAVP
  /// A required AVP is absent (§6).
  case missingAVP
  /// An unknown Message Type with the M bit (§4.4.1).
  case unknownMessageType
  /// A message that the state tables do not expect (§7.1).
  case improperSequence
  /// A message for a session that does not exist.
  case unknownSession
  /// The protocol version of the peer is not supported.
  case protocolVersion
  /// Challenge and response do not fit (§5.1.1).
  case authentication
}
