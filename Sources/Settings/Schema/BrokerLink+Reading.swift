import Foundation
import Primitives

extension BrokerLink {
  /// Reads `broker`; `nil` where no broker is named.
  init?(reading section: inout Section) {
    let url = section.readOptional("url", .brokerURL)
    let token = section.readSecret("token")
    let authorities = section.readOptional("authorities", .folder, remark: "(the system's)")
    let fingerprint = section.readOptional("fingerprint", .fingerprint)
    if authorities != nil, fingerprint != nil {
      section.log.report(.twoTrusts, at: section.child("fingerprint"))
    }
    let isEmpty = token == nil && authorities == nil && fingerprint == nil
    guard let url, let token else {
      // A key with an unusable value was reported where it was read.
      if url == nil, !isEmpty, section.node("url") == nil {
        section.log.report(.halfLink(missing: "url"), at: section.path)
      }
      if url != nil, section.node("token") == nil {
        section.log.report(.halfLink(missing: "token"), at: section.path)
      }
      return nil
    }
    self.init(url: url, token: token)
    if let authorities { trust = .authorities(path: authorities) }
    if let fingerprint { trust = .fingerprint(fingerprint) }
  }
}

extension Form where Value == String {
  /// Tokens travel with every request: without TLS they may not leave the machine.
  fileprivate static let brokerURL = Form("`https://HOST[:PORT]`", show: { $0 }) {
    text throws(FormProblem) in
    let parts = URLComponents(string: text)
    guard let parts, let host = parts.host, !host.isEmpty,
      ["https", "http"].contains(parts.scheme),
      parts.user == nil, parts.query == nil, parts.fragment == nil, ["", "/"].contains(parts.path)
    else {
      throw FormProblem(
        .invalidValue, "“\(text)” is no address of a broker",
        cause: "a path, or no https:// before the name",
        next: "write it as https://broker.example.net:8443")
    }
    let isLocal = host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    guard parts.scheme == "https" || isLocal else {
      throw FormProblem(
        .invalidValue, "plain HTTP would carry the token over the network in the clear",
        cause: "“\(host)” is not this machine", next: "write https://")
    }
    return text
  }

  /// SHA-256 as tools print it: 64 hexadecimal digits, with or without colons.
  fileprivate static let fingerprint = Form("SHA-256 in hexadecimal", show: { $0 }) {
    text throws(FormProblem) in
    let digits = text.lowercased().filter { $0 != ":" }
    guard digits.utf8.count == 64, digits.utf8.allSatisfy(Self.isHexadecimalDigit) else {
      throw FormProblem(
        .invalidValue, "this is not the SHA-256 of a certificate",
        cause: "it has not 64 hexadecimal digits",
        next: "copy the fingerprint that the broker prints when it starts")
    }
    return digits
  }

  private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}

extension FormProblem {
  fileprivate static let twoTrusts = FormProblem(
    .inconsistent, "authorities and fingerprint exclude each other",
    cause: "one certificate is trusted, or whatever some authorities sign",
    next: "keep one of them")

  fileprivate static func halfLink(missing key: String) -> FormProblem {
    FormProblem(
      .missingKey, "the key “\(key)” is missing", cause: "a broker is named by url and token",
      next: "add \(key), or remove the section")
  }
}
