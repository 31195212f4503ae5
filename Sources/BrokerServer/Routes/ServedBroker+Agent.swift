import Broker
import ConnectionService
import Hummingbird

extension ServedBroker {
  func agentReport(_ asked: Asked) async throws(Refusal) -> Response {
    let report = try asked.decode(DeviceReport.self)
    let (receipt, product) = try await change(asked) { (rules, caller) throws(Refusal) in
      (try rules.receive(report, from: caller), caller.product)
    }
    // What it says may have made commands.
    if let product { streams.signal([.reported, .commands], to: product) }
    return try Answer.json(receipt)
  }

  /// As a request among others; a device that does nothing else on its connection gets a
  /// ``DeviceStream``.
  func agentStream(_ asked: Asked) async throws(Refusal) -> Response {
    let opened = try await attach(asked)
    return Answer.stream(
      on: asked.context.channel, place: opened.place, leaving: { await opened.leave() }
    ) { stream, bell in
      var attachment = opened.attachment
      try await attachment.run(&stream, bell)
    }
  }

  /// Attaches the device that asks; whoever gets the attachment leaves it.
  func attach(_ asked: Asked) async throws(Refusal) -> OpenedAttachment {
    let caller = try await perform(asked) { (_, caller) throws(Refusal) in caller }
    guard caller.role == .device, let product = caller.product else {
      throw .roleForbidden(caller.role)
    }
    let instance = try asked.agentInstance()
    let place = try streams.enter(.device(product))
    let channel = asked.context.channel
    let epoch: UInt64
    do throws(Refusal) {
      epoch = try await lanes.run { rules throws(Refusal) in
        // It would take the device from whoever asked since.
        guard channel.isActive else { throw .askerGone }
        return try rules.attach(caller, as: instance)
      }
    } catch {
      streams.leave(place)
      throw error
    }
    hub.ringForChanges()
    streams.attached(place, product, epoch: epoch)
    return OpenedAttachment(
      attachment: Attachment(served: self, product: product, instance: instance, epoch: epoch),
      place: place)
  }
}

/// An attachment with its place among the streams.
struct OpenedAttachment: Sendable {
  let attachment: Attachment
  let place: StreamPlace

  /// Gives both back; once.
  func leave() async {
    let (served, product, epoch) = (attachment.served, attachment.product, attachment.epoch)
    served.streams.leave(place)
    try? await served.lanes.run { rules throws(Refusal) in
      try rules.detach(product, epoch: epoch)
    }
    served.hub.ringForChanges()
  }
}

/// One attachment of a device: its stream of commands (CS-20, CS-21).
struct Attachment: Sendable {
  /// First on the stream.
  private struct Greeting: Encodable {
    let epoch: UInt64
    let heartbeatSeconds: Int64
  }

  /// Heartbeats without a report after which the lease is renewed from here.
  private static let beatsPerRenewal = 2
  private static let retry = Duration.seconds(1)

  let served: ServedBroker
  let product: ProductID
  let instance: AgentInstance?
  let epoch: UInt64
  /// Commands up to this one are on the stream.
  private var sent: UInt64 = 0
  private var beats = 0

  init(served: ServedBroker, product: ProductID, instance: AgentInstance?, epoch: UInt64) {
    self.served = served
    self.product = product
    self.instance = instance
    self.epoch = epoch
  }

  mutating func run(_ stream: inout EventStreamWriter, _ bell: Bell) async throws {
    try await greet(&stream)
    while try await serve(await bell.next(), bell, on: &stream) {}
  }

  func greet(_ stream: inout EventStreamWriter) async throws {
    let greeting = Greeting(epoch: epoch, heartbeatSeconds: StreamRegistry.heartbeatSeconds)
    try await stream.send(try ServerSentEvent("attached", greeting))
  }

  /// Does what was rung for.
  ///
  /// - Returns: whether the stream goes on.
  mutating func serve(
    _ signals: Bell.Signals, _ bell: Bell, on stream: inout EventStreamWriter
  ) async throws -> Bool {
    if signals.contains(.end) {
      try await stream.farewell("the broker is ending")
      return false
    }
    do {
      return try await follow(signals, on: &stream)
    } catch is Refusal {
      // The database is down or slow: the attachment stands, and we ask again.
      Task {
        try? await Task.sleep(for: Self.retry)
        bell.ring(.commands)
      }
    }
    return true
  }

  /// - Returns: whether the stream goes on.
  private mutating func follow(
    _ signals: Bell.Signals, on stream: inout EventStreamWriter
  ) async throws -> Bool {
    if signals.contains(.reported) { beats = 0 }
    do {
      if signals.contains(.heartbeat) {
        try await stream.heartbeat()
        try await renew()
      }
      if signals.contains(.commands) { try await sendCommands(on: &stream) }
      return true
    } catch let refusal as Refusal where refusal.code == .epochOutdated {
      try await end(&stream)
      return false
    }
  }

  private mutating func renew() async throws(Refusal) {
    beats += 1
    guard beats >= Self.beatsPerRenewal else { return }
    let (product, epoch, instance) = (product, epoch, instance)
    try await served.lanes.run { rules throws(Refusal) in
      try rules.renew(product, epoch: epoch, as: instance)
    }
    beats = 0
  }

  private mutating func sendCommands(on stream: inout EventStreamWriter) async throws {
    let (product, epoch) = (product, epoch)
    let commands = try await served.lanes.run { rules throws(Refusal) in
      try rules.commands(for: product, epoch: epoch)
    }
    for command in commands where command.id > sent {
      try await stream.send(try ServerSentEvent("command", command))
      sent = command.id
    }
  }

  /// The attachment is over. An agent that another one has taken the device from is told so, and
  /// stays away; any other learns from its next request how it stands.
  private func end(_ stream: inout EventStreamWriter) async throws {
    let (product, instance) = (product, instance)
    let isSuperseded = try await served.lanes.run { rules throws(Refusal) in
      try rules.isSuperseded(instance, on: product)
    }
    if isSuperseded {
      try await stream.send(ServerSentEvent(event: "superseded", data: "{}"))
    } else {
      try await stream.farewell("the attachment is over")
    }
  }
}
