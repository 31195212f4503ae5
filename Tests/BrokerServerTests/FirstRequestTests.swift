import ConnectionService
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import BrokerServer

/// How a connection's first request decides what becomes of it, byte by byte.
@Suite(.timeLimit(.minutes(5))) struct FirstRequestTests {
  private static let line = "GET /v1/agent/stream HTTP/1.1\r\n"

  private static func head(_ token: String, _ more: String = "") -> String {
    "\(line)Host: localhost\r\nAuthorization: Bearer \(token)\r\n\(more)\r\n"
  }

  @Test func aDevicesStreamMayComeByteByByte() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = try await broker.enrol(try ProductID("press-1").orFail())
      let answer = try await broker.exchange(
        Self.head(token).map(String.init), until: "event: attached")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(answer.contains("Transfer-Encoding: chunked\r\n"))
      #expect(!answer.lowercased().contains("content-length"))
      #expect(answer.contains("\"heartbeatSeconds\":15"))
    }
  }

  @Test(arguments: ["Connection: keep-alive\r\n", "Content-Length: 0\r\n", "X-Empty:\r\n"])
  func aStreamThatIsAskedForInAnotherWayIsServedAllTheSame(_ more: String) async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = try await broker.enrol(try ProductID("press-1").orFail())
      let answer = try await broker.exchange(
        [Self.head(token, more)], until: "event: attached")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(!answer.lowercased().contains("content-length"))
    }
  }

  @Test func aStreamMayFollowAnotherRequest() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = try await broker.enrol(try ProductID("press-1").orFail())
      let answer = try await broker.exchange(
        ["GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + Self.head(token)],
        until: "event: attached")
      #expect(answer.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 3)
    }
  }

  @Test func whatComesBehindAStreamsRequestIsNotLost() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let token = try await broker.enrol(try ProductID("press-1").orFail())
      let answer = try await broker.exchange(
        [Self.head(token) + "GET /healthz HTTP/1.1\r\n"], until: "event: attached")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test func aStreamThatIsRefusedSaysWhyAndEnds() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let unknown = try await broker.exchange([Self.head("dbt_unknown")], until: nil)
      #expect(unknown.hasPrefix("HTTP/1.1 401 "))
      #expect(unknown.contains("urn:drawbridge:error:unauthenticated"))
      #expect(unknown.hasSuffix("\r\n0\r\n\r\n"))
      let viewer = try await broker.exchange(
        [Self.head(try await broker.token("vera", .viewer))], until: nil)
      #expect(viewer.hasPrefix("HTTP/1.1 403 "))
    }
  }

  @Test func aHeadThatNeverEndsIsRefusedAtItsLimit() async throws {
    try await RunningBroker.run(plain: true) { broker in
      let field = "X-Long: \(String(repeating: "x", count: 4000))\r\n"
      let answer = try await broker.exchange(
        [Self.line] + Array(repeating: field, count: 5), until: nil)
      #expect(answer.hasPrefix("HTTP/1.1 4"))
    }
  }
}

extension RunningBroker {
  /// Sends the parts one after another over TCP; reads until the text is there, or to the end.
  func exchange(_ parts: [String], until text: String?) async throws -> String {
    let port = try URL(string: url).flatMap(\.port).orFail()
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      var answer = ""
      for part in parts { try await outbound.write(ByteBuffer(string: part)) }
      for try await part in inbound {
        answer += String(buffer: part)
        if let text, answer.contains(text), answer.hasSuffix("\r\n") { break }
      }
      return answer
    }
  }
}
