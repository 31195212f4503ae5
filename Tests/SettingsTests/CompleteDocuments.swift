import Settings

/// Documents in which every key of the schema occurs.
enum CompleteDocuments {
  static let gateway = """
    listen: {addresses: [192.0.2.1, "2001:db8::1"], ike: 500, natt: 4500, l2tp: 1701}
    tun: {name: none, mtu: 1300}
    control: {socket: /run/drawbridge/other.sock}
    log: {level: debug, captureKeys: /tmp/keys}
    isakmp:
      policies:
        - name: site
          peer: 192.0.2.9
          mode: main
          authentication: preSharedKey
          proposals: [aes256-sha256-modp2048, aes128-sha1-ecp256]
          lifetime: 24h
          lifetimeBytes: none
          msgRetryLimit: 3
          msgTimeout: 2s
          msgBackoff: none
          retryIkeAttempts: continuous
          retryPause: 2s
          retryPauseMax: 1m
          dpdInterval: 20s
          dpdTimeout: 1m
          sendNotify: false
          sendDeletes: false
          natTraversal: force
          natKeepalive: 15s
          phase2ExchangeLimit: 4
    ipsec:
      policies:
        - name: site
          peer: 192.0.2.9
          isakmpPolicy: site
          mode: transport
          transforms: [aes256gcm16, aes256-sha256]
          pfs: modp3072
          lifetime: 30m
          lifetimeBytes: 250MB
          replayWindow: 1024
    preSharedKeys:
      - {peer: 192.0.2.0/24, secret: "file:/psk"}
    pools:
      - {name: office, addresses: 10.9.0.0/24}
    pppProfiles:
      - name: office
        authentication: [chap, pap]
        pool: office
        localAddress: 10.9.0.254
        dns: [10.9.0.1, 10.9.0.2]
        nbns: [10.9.0.3]
        mru: 1350
        echoInterval: 10s
        echoFailuresMax: 3
        clampMSS: false
    destinations:
      - name: lab
        remote: 192.0.2.9
        maxSessions: 10
        remoteHosts:
          - host: rig
            tunnelSecret: env:TUNNEL
            localHostName: gate
            ipsecTransport: true
            singleShotTunnel: true
            maxSessions: 1
            idleTimeout: 0s
            destructTimeout: 30s
            helloInterval: 5s
            pppProfile: office
    users:
      - {name: anna, password: secret, address: 10.9.0.7, routes: [192.168.7.0/24]}
    broker: {url: "https://broker.example.net:8443", token: "file:/psk", authorities: /ca.pem}
    limits:
      halfOpenExchanges: 10
      halfOpenExchangesPerSource: 5
      ipsecConnections: 30
      tunnels: 40
      sessions: 50
    """

  static let dial = """
    gateway: 192.0.2.1
    preSharedKey: file:/psk
    user: anna
    password: env:PASSWORD
    listen: {address: 192.0.2.2, ike: 0, natt: 0}
    tun: {name: vpn0, mtu: 1300}
    routes: [10.0.0.0/8]
    inactivity: 5m
    keepTunnel: true
    control: {socket: /tmp/dial.sock}
    log: {level: warning, captureKeys: off}
    isakmp: {mode: main, authentication: preSharedKey, proposals: compatible, lifetime: 1h,
      lifetimeBytes: none, msgRetryLimit: 1024, msgTimeout: 1s, msgBackoff: incremental,
      retryIkeAttempts: 16, retryPause: 1s, retryPauseMax: 1h, dpdInterval: 0s, dpdTimeout: 5s,
      sendNotify: true, sendDeletes: true, natTraversal: off, natKeepalive: 0s,
      phase2ExchangeLimit: 1}
    ipsec: {mode: transport, transforms: legacy, pfs: off, lifetime: 1h, lifetimeBytes: none,
      replayWindow: 1024}
    l2tp: {tunnelSecret: "credential:tunnel", localHostName: rig, helloInterval: 0s}
    ppp: {authentication: [pap], askDNS: false, mru: 128, echoInterval: 0s, echoFailuresMax: 1,
      clampMSS: true}
    """

  /// What the documents' references lead to.
  static let secrets = SecretSource(
    file: { path in
      switch path {
      case "/psk": Array("opensesame\n".utf8)
      case "/credentials/tunnel": Array("tunnel".utf8)
      case "/empty": []
      case "/long": Array(repeating: 65, count: 1025)
      default: throw Absent()
      }
    },
    environment: {
      ["TUNNEL": "shared", "PASSWORD": "word", "CREDENTIALS_DIRECTORY": "/credentials"][$0]
    })

  struct Absent: Error, CustomStringConvertible {
    var description: String { "there is no such file" }
  }
}
