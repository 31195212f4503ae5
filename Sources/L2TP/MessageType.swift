/// The control message types (RFC 2661 §3.2).
public enum MessageType: UInt16, CaseIterable, Hashable, Sendable {
  case sccrq = 1
  case sccrp = 2
  case scccn = 3
  case stopCCN = 4
  case hello = 6
  case ocrq = 7
  case ocrp = 8
  case occn = 9
  case icrq = 10
  case icrp = 11
  case iccn = 12
  case cdn = 14
  case wen = 15
  case sli = 16
}
