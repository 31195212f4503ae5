import AsyncHTTPClient
import Broker
import ConnectionService
import Foundation
import Glibc
import NIOCore

/// Delivers events to webhooks: signed, in order, one at a time for each, tried again by the
/// broker's rules, and written to the dead-letter file when given up.
struct WebhookCourier: Sendable {
  /// Webhooks that are served at once.
  static let couriers = 4
  static let answerSeconds: Int64 = 10
  /// What is read of an answer, in bytes.
  static let answerBytesMax = 4096
  private static let rest = Duration.seconds(1)

  let served: ServedBroker

  /// Runs until the task is cancelled.
  func run() async {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.timeout.connect = .seconds(Self.answerSeconds)
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    await withDiscardingTaskGroup { group in
      for _ in 0..<Self.couriers { group.addTask { await serve(client) } }
    }
    try? await client.shutdown()
  }

  /// The store gives each due webhook to one courier of one broker.
  private func serve(_ client: HTTPClient) async {
    while !Task.isCancelled {
      let delivery = try? await served.lanes.run { rules throws(Refusal) in
        try rules.nextDelivery()
      }
      guard let delivery = delivery ?? nil else {
        try? await Task.sleep(for: Self.rest)
        continue
      }
      await deliver(delivery, by: client)
    }
  }

  private func deliver(_ delivery: WebhookDelivery, by client: HTTPClient) async {
    let isTaken = await send(delivery, by: client)
    if isTaken {
      served.metrics.countDelivery("delivered")
      try? await served.lanes.run { rules throws(Refusal) in try rules.delivered(delivery) }
      return
    }
    served.metrics.countDelivery("failed")
    let isDead = try? await served.lanes.run { rules throws(Refusal) in
      try rules.deliveryFailed(delivery)
    }
    guard isDead == true else { return }
    served.metrics.countDelivery("dead")
    bury(delivery)
  }

  private func send(_ delivery: WebhookDelivery, by client: HTTPClient) async -> Bool {
    do {
      let body = Array(try Answer.encode(CloudEvent(delivery.event, broker: served.name)))
      var message = HTTPClientRequest(url: delivery.url)
      message.method = .POST
      message.headers.add(name: "content-type", value: "application/cloudevents+json")
      message.headers.add(
        name: WebhookSignature.headerName,
        value: WebhookSignature.header(
          body: body, secret: delivery.secret, at: Int64(Date().timeIntervalSince1970)))
      message.body = .bytes(ByteBuffer(bytes: body))
      let response = try await client.execute(message, timeout: .seconds(Self.answerSeconds))
      _ = try? await response.body.collect(upTo: Self.answerBytesMax)
      guard (200..<300).contains(response.status.code) else {
        served.logger.notice("webhook \(delivery.webhook) answered \(response.status.code)")
        return false
      }
      return true
    } catch {
      served.logger.notice("webhook \(delivery.webhook) was not reached: \(error)")
      return false
    }
  }

  private func bury(_ delivery: WebhookDelivery) {
    served.logger.warning(
      "webhook \(delivery.webhook) never took event \(delivery.event.sequence)")
    guard let path = served.configuration.deadLetterFile else { return }
    do {
      let letter = DeadLetter(
        webhook: delivery.webhook, event: CloudEvent(delivery.event, broker: served.name))
      let file = try PrivateFile.open(path, flags: O_WRONLY | O_CREAT | O_APPEND)
      defer { Glibc.close(file) }
      try PrivateFile.append(
        Array(try Answer.encode(letter)) + [UInt8(ascii: "\n")], to: file, path: path)
    } catch {
      served.logger.error("a dead letter cannot be written to \(path): \(error)")
    }
  }
}

/// One line of the dead-letter file.
private struct DeadLetter: Encodable {
  let webhook: String
  let event: CloudEvent
}
