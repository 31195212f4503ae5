import Primitives

@testable import PPP

/// Two links joined by a network in virtual time: a gateway with a user store and a client.
///
/// Frames take `delay`; a seeded fault plan loses, doubles and delays some.
struct LinkPair: ~Copyable {
  struct Faults {
    var lossPercent = 0
    var duplicatePercent = 0
    var reorderPercent = 0
  }

  private struct Flight {
    var arrival: Instant
    var order: Int
    var toGateway: Bool
    var frame: [UInt8]
  }

  static let delay = Duration.milliseconds(20)
  static let offer = AddressOffer(
    local: IPv4Address(10, 0, 0, 1), peer: IPv4Address(10, 0, 0, 77),
    dns: [IPv4Address(10, 0, 0, 53), IPv4Address(10, 0, 0, 54)])

  var gateway: PPPLink
  var client: PPPLink
  var now = Instant.zero
  var random: SeededRandom
  var faults = Faults()
  /// `nil` answers no address question by itself.
  var offer: AddressOffer? = LinkPair.offer
  /// `nil` answers no authentication question by itself.
  var storedPassword: Secret? = Secret(text: "sesame")
  var gatewayEvents: [PPPEvent] = []
  var clientEvents: [PPPEvent] = []
  /// Every frame sent, in order: who sent it and its bytes.
  var trace: [(fromGateway: Bool, frame: [UInt8])] = []
  private var flights: [Flight] = []
  private var order = 0

  init(
    gateway: PPPConfiguration = .gateway, client: PPPConfiguration = .client, seed: UInt64 = 1
  ) {
    self.gateway = PPPLink(gateway)
    self.client = PPPLink(client)
    random = SeededRandom(seed: seed)
  }

  mutating func start() {
    gateway.start(at: now, using: &random)
    client.start(at: now, using: &random)
    drain()
  }

  /// Runs everything that happens in `span`; returns the number of steps.
  @discardableResult
  mutating func run(for span: Duration) -> Int {
    let end = now + span
    var steps = 0
    while steps < 20_000 {
      let arrival = flights.map(\.arrival).min()
      let timer = earliest(gateway.nextTimeout, client.nextTimeout)
      guard let next = earliest(arrival, timer), next <= end else { break }
      now = max(now, next)
      steps += 1
      if let index = nextFlight() {
        let flight = flights.remove(at: index)
        if flight.toGateway {
          gateway.receive(flight.frame, at: now, using: &random)
        } else {
          client.receive(flight.frame, at: now, using: &random)
        }
      } else {
        gateway.handleTimeout(at: now, using: &random)
        client.handleTimeout(at: now, using: &random)
      }
      drain()
    }
    now = max(now, end)
    return steps
  }

  private func nextFlight() -> Int? {
    flights.indices.filter { flights[$0].arrival <= now }
      .min { (flights[$0].arrival, flights[$0].order) < (flights[$1].arrival, flights[$1].order) }
  }

  mutating func drain() {
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      while let frame = gateway.nextTransmit() {
        isQuiet = false
        send(frame, fromGateway: true)
      }
      while let frame = client.nextTransmit() {
        isQuiet = false
        send(frame, fromGateway: false)
      }
      while let event = gateway.nextEvent() {
        isQuiet = false
        gatewayEvents.append(event)
        answer(event)
      }
      while let event = client.nextEvent() {
        isQuiet = false
        clientEvents.append(event)
      }
    }
  }

  private mutating func answer(_ event: PPPEvent) {
    switch event {
    case .authenticate(let request):
      guard let storedPassword else { return }
      gateway.completeAuthentication(
        request.ticket, request.verify(password: storedPassword), at: now, using: &random)
    case .needsAddress:
      guard let offer else { return }
      gateway.assignAddress(offer, at: now, using: &random)
    case .lcpUp, .authenticated, .up, .networkDown, .down: break
    }
  }

  private mutating func send(_ frame: [UInt8], fromGateway: Bool) {
    trace.append((fromGateway, frame))
    guard !chance(faults.lossPercent) else { return }
    let copies = chance(faults.duplicatePercent) ? 2 : 1
    for _ in 0..<copies {
      let extra = chance(faults.reorderPercent) ? Duration.milliseconds(90) : .zero
      flights.append(
        Flight(
          arrival: now + Self.delay + extra, order: order, toGateway: !fromGateway, frame: frame))
      order += 1
    }
  }

  private mutating func chance(_ percent: Int) -> Bool {
    percent > 0 && Int.random(in: 0..<100, using: &random) < percent
  }
}

extension PPPConfiguration {
  static var gateway: PPPConfiguration { PPPConfiguration(role: .authenticator) }

  static var client: PPPConfiguration {
    var configuration = PPPConfiguration(role: .peer)
    configuration.userName = "alice"
    configuration.password = Secret(text: "sesame")
    return configuration
  }

  func with(_ change: (inout PPPConfiguration) -> Void) -> PPPConfiguration {
    var copy = self
    change(&copy)
    return copy
  }
}

extension [PPPEvent] {
  var ups: [NetworkFacts] {
    compactMap { event in
      if case .up(let facts) = event { facts } else { nil }
    }
  }

  var downs: [CloseReason] {
    compactMap { event in
      if case .down(let reason, _) = event { reason } else { nil }
    }
  }
}
