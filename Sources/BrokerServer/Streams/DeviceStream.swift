import ConnectionService
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// A device's stream on a connection of its own.
///
/// Between two things to do it is no task, only what must be remembered: that, and not what it does,
/// is what ten thousand of them cost.
struct DeviceStream: Sendable {
  private let channel: any Channel
  private let opened: OpenedAttachment

  /// Answers the request that opens it.
  static func open(
    _ head: HTTPRequest, on channel: any Channel, served: ServedBroker, logger: Logger
  ) async {
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    let context = ServedContext(source: .init(channel: channel, logger: logger))
    do throws(Refusal) {
      let asked = try await Asked(
        request, route: .agentStream, parameters: [], context: context,
        isPlain: served.configuration.isPlain)
      let opened = try await served.attach(asked)
      served.metrics.countRequest(status: 200)
      await DeviceStream(channel: channel, opened: opened).begin()
    } catch {
      var refusal = Answer.secure(Answer.problem(error))
      refusal.headers[.connection] = "close"
      served.metrics.countRequest(status: refusal.status.code)
      try? await send(refusal, on: channel)
      channel.close(promise: nil)
    }
  }

  private static func send(_ response: Response, on channel: any Channel) async throws {
    try await channel.writeAndFlush(ChunkedBody.head(of: response))
    try await response.body.write(ChunkedBody(channel: channel))
  }

  private func begin() async {
    StreamEnd.watch(channel, opened.place.bell)
    do {
      try await channel.writeAndFlush(ChunkedBody.head(of: Answer.secure(Answer.stream())))
      var writer = writer
      try await opened.attachment.greet(&writer)
      rest(opened.attachment)
    } catch {
      await leave()
    }
  }

  private var writer: EventStreamWriter {
    EventStreamWriter(writer: ChunkedBody(channel: channel))
  }

  /// Until the bell rings.
  private func rest(_ attachment: Attachment) {
    opened.place.bell.whenRung { signals in
      Task { await serve(signals, attachment) }
    }
  }

  private func serve(_ signals: Bell.Signals, _ attachment: Attachment) async {
    var attachment = attachment
    var writer = writer
    do {
      if try await attachment.serve(signals, opened.place.bell, on: &writer) {
        return rest(attachment)
      }
      await opened.leave()
      try await writer.writer.finish(nil)
      channel.close(promise: nil)
    } catch {
      await leave()
    }
  }

  private func leave() async {
    await opened.leave()
    channel.close(promise: nil)
  }
}

/// Writes a body in chunks, as HTTP/1.1 has it where the length is not known (RFC 9112 §7.1).
struct ChunkedBody: ResponseBodyWriter {
  let channel: any Channel

  /// Status line and fields.
  static func head(of response: Response) -> ByteBuffer {
    var text = "HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n"
    // The length of a chunk is said by the chunk, and that of the whole must not be.
    for field in response.headers where field.name != .contentLength {
      text += "\(field.name): \(field.value)\r\n"
    }
    text += "Date: \(Date().formatted(dateStyle))\r\nTransfer-Encoding: chunked\r\n\r\n"
    return ByteBuffer(string: text)
  }

  /// RFC 9110 §5.6.7.
  private static let dateStyle = Date.VerbatimFormatStyle(
    format: """
      \(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \
      \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\
      \(second: .twoDigits) GMT
      """, locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt,
    calendar: Calendar(identifier: .gregorian))

  func write(_ buffer: ByteBuffer) async throws {
    guard buffer.readableBytes > 0 else { return }
    var chunk = ByteBuffer(string: String(buffer.readableBytes, radix: 16) + "\r\n")
    chunk.writeImmutableBuffer(buffer)
    chunk.writeString("\r\n")
    try await channel.writeAndFlush(chunk)
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
    try await channel.writeAndFlush(ByteBuffer(string: "0\r\n\r\n"))
  }
}
