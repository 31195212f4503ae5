import Primitives

extension DialConfiguration {
  static let routesMax = 1_024

  /// Reads a dial profile; `nil` when a required key is missing, which the log then says.
  init?(reading document: inout Section) {
    let gateway = document.require("gateway", .address)
    let preSharedKey = document.requireSecret("preSharedKey")
    let user = document.require("user", .text("user name", bytesMax: 255))
    let password = document.requireSecret("password")
    self.init(
      gateway: gateway ?? .v4(.any), preSharedKey: preSharedKey ?? Secret([]), user: user ?? "",
      password: password ?? Secret([]))
    document.read(section: "listen") { listen.readDial(&$0) }
    document.read(section: "tun") { tun.read(&$0) }
    document.read("routes", listOf: .prefix, max: Self.routesMax, into: &routes)
    document.read("inactivity", .duration(.zero...(.seconds(86_400))), into: &inactivity)
    document.read("keepTunnel", .flag, into: &keepsTunnel)
    document.read(section: "control") {
      $0.read("socket", .socketPath, into: &controlSocket)
    }
    document.read(section: "log") {
      $0.read("level", .choice, into: &logLevel)
      $0.read("captureKeys", Form<String>.folder.or("off"), into: &captureKeys)
    }
    document.read(section: "isakmp") { isakmpPolicy.readNegotiation(&$0) }
    document.read(section: "ipsec") { ipsecPolicy.readNegotiation(&$0) }
    document.read(section: "l2tp") { section in
      tunnelSecret = section.readSecret("tunnelSecret")
      section.read("localHostName", .text("host name", bytesMax: 255), into: &localHostName)
      section.read("helloInterval", .duration(.zero...(.seconds(3600))), into: &helloInterval)
    }
    document.read(section: "ppp") { ppp.read(&$0) }
    guard gateway != nil, preSharedKey != nil, user != nil, password != nil else { return nil }
  }
}
