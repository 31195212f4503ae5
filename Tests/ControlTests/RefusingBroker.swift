import ConnectionService
import Foundation
import Synchronization

/// A broker on loopback that answers every request with one refusal, as HTTP and nothing more.
final class RefusingBroker: Sendable {
  struct Problem: Error {}

  private let listener: Int32
  private let heard: Heard
  private let isStopped = Mutex(false)
  let port: UInt16

  /// Shared with the thread, which may outlive the broker a moment.
  private final class Heard: Sendable {
    let requests = Mutex<[String]>([])
  }

  /// What was asked so far, as it came.
  var requests: [String] { heard.requests.withLock(\.self) }

  init(_ status: Int, _ refusal: Refusal) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard listener >= 0 else { throw Problem() }
    self.listener = listener
    let heard = Heard()
    self.heard = heard
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var lengthBytes = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, lengthBytes) == 0 && listen(listener, 8) == 0
          && getsockname(listener, address, &lengthBytes) == 0
      }
    }
    guard isListening else {
      close(listener)
      throw Problem()
    }
    port = UInt16(bigEndian: address.sin_port)
    let body = String(decoding: try JSONEncoder().encode(refusal), as: UTF8.self)
    let answer = """
      HTTP/1.1 \(status) Refused\r
      Content-Type: application/problem+json\r
      Content-Length: \(body.utf8.count)\r
      Connection: close\r
      \r
      \(body)
      """
    Thread.detachNewThread { Self.serve(listener, heard, Array(answer.utf8)) }
  }

  deinit { stop() }

  /// Wakes the thread, which then closes the listener; said twice, it does nothing.
  func stop() {
    let isFirst = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return !isStopped
    }
    if isFirst { shutdown(listener, Int32(SHUT_RDWR)) }
  }

  private static func serve(_ listener: Int32, _ heard: Heard, _ answer: [UInt8]) {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { break }
      // The whole request is read first: what lies unread would cut the answer off.
      if let request = readRequest(client) {
        heard.requests.withLock { $0.append(request) }
        _ = send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
      }
      shutdown(client, Int32(SHUT_WR))
      close(client)
    }
    close(listener)
  }

  private static func readRequest(_ client: Int32) -> String? {
    var request: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let text = String(decoding: request, as: UTF8.self)
      if let end = text.range(of: "\r\n\r\n") {
        let head = text[..<end.lowerBound].lowercased()
        let length = head.components(separatedBy: "content-length: ").dropFirst().first
          .flatMap { Int($0.prefix(while: \.isNumber)) }
        if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
      }
      let count = recv(client, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      request += chunk.prefix(count)
    }
  }
}
