import L2TP

extension CloseDetail {
  /// What is behind a close, for people.
  var sentence: String {
    var parts = [origin == .local ? "closed by this end" : "closed by the peer"]
    if let resultCode {
      parts.append("result \(resultCode.number)")
      if let error = resultCode.error, error != .none { parts.append("error \(error.rawValue)") }
      if !resultCode.text.isEmpty { parts.append("\"\(resultCode.text)\"") }
    }
    if let pppDisconnectCause { parts.append("PPP cause \(pppDisconnectCause.code.rawValue)") }
    if let violation { parts.append("violation \(violation.rawValue)") }
    return parts.joined(separator: ", ")
  }
}
