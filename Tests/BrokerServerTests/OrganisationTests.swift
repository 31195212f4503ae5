import BrokerClient
import ConnectionService
import Foundation
import Primitives
import Testing

@testable import BrokerServer

/// What is another organisation's is as unknown as what never was, whatever is asked, whoever asks.
///
/// The requests come from the API's own description: one that is added tomorrow is asked here, too.
@Suite(.timeLimit(.minutes(5))) struct OrganisationTests {
  /// Roles that a token of another organisation can have; gateways are the broker's own.
  static let roles: [Role] = [.admin, .operator, .viewer, .device]

  @Test(arguments: roles)
  func cs22WhatIsForeignLooksUnknownInEveryOperation(_ role: Role) async throws {
    try await TwoOrganisations.run { world in
      let token = try world.others[role].orFail()
      var compared: Set<String> = []
      let operations = try DescribedOperation.all()
      // The lists first, while nothing about the names is in them that this organisation has asked.
      for operation in operations.filter(\.pathNames.isEmpty) + operations.filter(\.hasPathNames) {
        for names in try places(of: operation, in: world) {
          let foreign = try await world.ask(operation, names.foreign, token: token)
          let unknown = try await world.ask(operation, names.unknown, token: token)
          #expect(
            foreign.hiding(names.pair.foreign) == unknown.hiding(names.pair.unknown),
            "\(operation.id) tells \(role.rawValue) that \(names.pair.foreign) is there")
          compared.insert(operation.id)
        }
      }
      #expect(compared.isSuperset(of: Self.naming), "\(Self.naming.subtracting(compared))")
      try await world.checkUntouched()
    }
  }

  /// Those that name something, when this was written: the list above may only grow.
  private static let naming: Set<String> = [
    "device", "removeDevice", "connect", "closeAll", "connection", "close", "revokeToken",
    "removeWebhook", "console", "devices", "connections", "events", "tokens",
  ]

  @Test(arguments: roles)
  func nothingOfAnotherOrganisationIsInAnyAnswer(_ role: Role) async throws {
    try await TwoOrganisations.run { world in
      let token = try world.others[role].orFail()
      for operation in try DescribedOperation.all() where operation.pathNames.isEmpty {
        // A device's own stream stands for as long as it wants to.
        guard !operation.isEndless || role != .device else { continue }
        let answer = try await world.ask(operation, Place(), token: token)
        #expect(answer.status < 500, "\(operation.id)")
        for mark in world.marks {
          #expect(!answer.body.contains(mark), "\(operation.id) shows \(mark)")
        }
      }
      try await world.checkUntouched()
    }
  }

  /// The pages of the console take queries that the description does not have.
  @Test(arguments: [
    "/console/?find=%@", "/console/?after=%@", "/console/history?product=%@",
    "/console/events?product=%@",
  ])
  func nothingOfAnotherOrganisationIsInTheConsole(_ pattern: String) async throws {
    try await TwoOrganisations.run { world in
      let token = try world.others[.viewer].orFail()
      var answers: [RawAnswer] = []
      for product in [TwoOrganisations.product, "press-9"] {
        let path = pattern.replacing("%@", with: product)
        let answer = try await world.broker.send("GET", path, token: token)
        #expect(answer.status == 200, "\(path)")
        for mark in world.marks where mark != product {
          #expect(!answer.body.contains(mark), "\(path) shows \(mark)")
        }
        answers.append(answer.hiding(product))
      }
      #expect(answers[0] == answers[1])
    }
  }

  @Test func grantsAreShownToAdministratorsOfTheirOwnOrganisationOnly() async throws {
    try await TwoOrganisations.run { world in
      let theirs = try await world.broker.client(try world.others[.admin].orFail()).grants()
      #expect(theirs.items.isEmpty)
      let ours = try await world.broker.client().grants()
      #expect(ours.items.map(\.connection) == [world.connection.id])
      let gateway = try world.broker.client(try await world.broker.token("gw-1", .gateway))
      let all = try await gateway.grants()
      #expect(all == ours)
    }
  }

  @Test func figuresOfAllOrganisationsAreForTheOneThatRunsTheBroker() async throws {
    try await TwoOrganisations.run { world in
      for role in Self.roles {
        let token = try world.others[role].orFail()
        let answer = try await world.broker.send("GET", "/metrics", token: token)
        #expect(answer.status == 403, "\(role)")
        #expect(!answer.body.contains("drawbridge_connections"))
      }
      let viewer = try await world.broker.token("vera", .viewer)
      let ours = try await world.broker.send("GET", "/metrics", token: viewer)
      #expect(ours.status == 200)
      #expect(ours.body.contains("drawbridge_connections"))
    }
  }

  /// A product id names one device, so that whoever announces it again has to be told: the one
  /// thing that another organisation can find out.
  @Test func aTakenProductIDIsSaidToBeTakenAndNothingElse() async throws {
    try await TwoOrganisations.run { world in
      let answer = try await world.broker.send(
        "POST", "/v1/enrolments", token: try world.others[.admin].orFail(),
        body: "{\"productID\": \"\(TwoOrganisations.product)\"}")
      #expect(answer.code == "productIDTaken")
      for mark in world.marks where mark != TwoOrganisations.product {
        #expect(!answer.body.contains(mark))
      }
      try await world.checkUntouched()
    }
  }

  @Test func cs26NoLiveEventOfAnotherOrganisationIsTold() async throws {
    try await TwoOrganisations.run { world in
      let admin = try world.others[.admin].orFail()
      let theirs = try world.broker.client(admin)
      let ours = try world.broker.client()
      var read = theirs.events(after: 0).makeAsyncIterator()
      var seen: [ServiceEvent] = []
      // The first round comes from the store, the later ones live. Ours always happen before theirs,
      // up to which the stream is read.
      for round in 0..<3 {
        _ = try await ours.createToken(
          TokenRequest(user: try Name("ours\(round)").orFail(), role: .viewer))
        let mark = try await theirs.createToken(
          TokenRequest(user: try Name("theirs\(round)").orFail(), role: .viewer)
        ).view.id
        while let event = try await read.next() {
          seen.append(event)
          if event.note?.contains(mark) == true { break }
        }
      }
      #expect(seen.count { $0.kind == .tokenCreated } == 6)
      #expect(seen.allSatisfy { $0.organisation?.text == "other" })
    }
  }

  @Test func cs26AStreamAboutAForeignDeviceTellsOnlyWhatWasAskedHere() async throws {
    try await TwoOrganisations.run { world in
      let theirs = try world.broker.client(try world.others[.admin].orFail())
      let product = world.connection.productID
      var selection = EventSelection()
      selection.productID = product
      var read = theirs.events(after: 0, matching: selection).makeAsyncIterator()
      let ours = try world.broker.client()
      for round in 0..<2 {
        let view = try await ours.connect(product, ConnectRequest())
        _ = try await ours.close(view.id)
        // Refused, and on their own record.
        await #expect(throws: Refusal.self) { try await theirs.removeDevice(product) }
        let event = try await read.next()
        #expect(event?.kind == .requestRefused, "round \(round)")
        #expect(event?.organisation?.text == "other")
      }
    }
  }
}

/// Values for an operation's path and query.
private struct Place: Sendable {
  var path: [String: String] = [:]
  var query: [String: String] = [:]
}

/// One name of a request: with what is ours, and with what is nobody's.
private struct NamedPlaces {
  let pair: TwoOrganisations.Pair
  let foreign: Place
  let unknown: Place
}

extension OrganisationTests {
  /// Every name that the operation can be given, one at a time.
  private func places(
    of operation: DescribedOperation, in world: TwoOrganisations
  ) throws -> [NamedPlaces] {
    var places: [NamedPlaces] = []
    for (name, schema) in operation.pathNames {
      guard let pair = world.names(for: schema, in: operation.path) else {
        Issue.record("say in TwoOrganisations.names what \(name) of \(operation.path) stands for")
        continue
      }
      places.append(
        NamedPlaces(
          pair: pair, foreign: Place(path: [name: pair.foreign]),
          unknown: Place(path: [name: pair.unknown])))
    }
    guard operation.pathNames.isEmpty else { return places }
    for (name, schema) in operation.queryNames {
      guard let schema, let pair = world.names(for: schema, in: operation.path) else { continue }
      places.append(
        NamedPlaces(
          pair: pair, foreign: Place(query: [name: pair.foreign]),
          unknown: Place(query: [name: pair.unknown])))
    }
    return places
  }
}

extension TwoOrganisations {
  /// Asks as a page of the console would, so that no request is refused for where it comes from.
  fileprivate func ask(
    _ operation: DescribedOperation, _ place: Place, token: String
  ) async throws -> RawAnswer {
    var path = operation.path
    for (name, value) in place.path { path = path.replacing("{\(name)}", with: value) }
    if let (name, value) = place.query.first { path += "?\(name)=\(value)" }
    var text: String?
    if let schema = operation.body {
      text = body(for: schema)
      #expect(text != nil, "say in TwoOrganisations.body what a right \(schema) is")
    }
    return try await broker.send(
      operation.method, path, token: token, headers: ["sec-fetch-site": "same-origin"], body: text)
  }
}

extension RawAnswer {
  /// The same without the name that was asked for, and without the moment.
  fileprivate func hiding(_ path: String) -> RawAnswer {
    let name = path.split(separator: "/").last ?? ""
    return RawAnswer(
      status: status, code: code, headers: headers.filter { $0.key != "date" },
      body: body.replacing(name, with: "NAME"))
  }
}
