import Broker
import ConnectionService
import Testing

@Suite("Every store finds devices", .timeLimit(.minutes(5)))
struct DeviceSearchConformance {
  @Test(arguments: TestStore.Engine.allCases)
  func devicesAreFoundByAPartOfTheirNameOrProductID(_ engine: TestStore.Engine) throws {
    let store = try TestStore(engine)
    let names = [
      ("a-1", "Gate 7, EAST yard"), ("b-East", "Pump"), ("c-3", "Förderband Öst"),
      ("d-4", "100 %_"),
    ]
    let devices = try names.map { product, name in
      var device = try Samples.device(product)
      device.name = name
      return device
    }
    let foreign = try Samples.device("east", organisation: "other")
    try store { rows throws(Refusal) in
      for device in devices + [foreign] { try rows.insert(device) }
    }
    let acme = try Samples.name("acme")
    let wanted: [(String, [String])] = [
      ("eAst", ["a-1", "b-East"]), ("ÖST", ["c-3"]), ("öst", []), ("%", ["d-4"]), ("_", ["d-4"]),
      ("a-1", ["a-1"]), ("'", []), ("nothing", []),
    ]
    for (text, products) in wanted {
      let search = try DeviceSearch(text)
      let (all, rest) = try store { rows throws(Refusal) in
        (
          try rows.devices(of: acme, matching: search, after: nil, limit: 9),
          try rows.devices(
            of: acme, matching: search, after: devices[0].product, limit: 1)
        )
      }
      #expect(all.map(\.product.text) == products, "\(text)")
      let others = products.filter { $0 != "a-1" }.prefix(1)
      #expect(rest.map(\.product.text) == Array(others), "\(text)")
    }
  }
}
