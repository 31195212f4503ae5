import Primitives

extension DestinationProfile {
  static let profilesMax = 1_024
  static let remoteHostsMax = 1_024

  /// Reads one element of `destinations`.
  init(reading section: inout Section, pppProfiles: [PPPProfile]) {
    self.init(name: "default", remoteHosts: [])
    section.read("name", .name, into: &name)
    section.read("remote", .peer, into: &remote)
    section.read("maxSessions", .integer(1...65_535), into: &maxSessions)
    remoteHosts = section.read(sections: "remoteHosts", max: Self.remoteHostsMax) {
      RemoteHost(reading: &$0, pppProfiles: pppProfiles)
    }
    section.log.requireUnique(
      remoteHosts.map { "\($0.host)" }, in: section.child("remoteHosts"), key: "host")
    if remoteHosts.isEmpty, let profile = pppProfiles.first {
      remoteHosts = [RemoteHost(pppProfile: profile.name)]
    }
  }
}

extension RemoteHost {
  /// Reads one element of `destinations[].remoteHosts`.
  init(reading section: inout Section, pppProfiles: [PPPProfile]) {
    self.init(pppProfile: pppProfiles.first?.name ?? "default")
    section.read("host", .remoteHost, into: &host)
    tunnelSecret = section.readSecret("tunnelSecret")
    section.read("localHostName", .text("host name", bytesMax: 255), into: &localHostName)
    section.read("ipsecTransport", .flag, into: &ipsecTransport)
    section.read("singleShotTunnel", .flag, into: &singleShotTunnel)
    section.read("maxSessions", .integer(1...65_535), into: &maxSessions)
    section.read("idleTimeout", .duration(.zero...(.seconds(86_400))), into: &idleTimeout)
    let destruct = Duration.seconds(10)...(.seconds(3600))
    section.read("destructTimeout", .duration(destruct), into: &destructTimeout)
    section.read("helloInterval", .duration(.zero...(.seconds(3600))), into: &helloInterval)
    section.read(
      reference: "pppProfile", to: pppProfiles.map(\.name), listedIn: "pppProfiles",
      into: &pppProfile)
  }
}

extension RemoteHost.Host: CustomStringConvertible {
  public var description: String {
    switch self {
    case .named(let name): name
    case .anyOther: "default"
    }
  }
}

extension Form where Value == RemoteHost.Host {
  static let remoteHost = Form("host name, or `default`", show: { "\($0)" }) {
    text throws(FormProblem) in
    text == "default" ? .anyOther : .named(try Form<String>.text("host name").parse(text))
  }
}
