import Broker
import ConnectionService
import Primitives

/// What the pages say of one device.
struct DeviceFacts {
  let device: DeviceView
  let caller: Caller
  let now: Timestamp

  /// Nothing is known of now: what the device said last is shown as that.
  private var isOld: Bool { !device.online }

  var link: HTML {
    device.online
      ? "<span class=\"state good\"><span aria-hidden=\"true\">●</span> Online</span>"
      : "<span class=\"state rest\"><span aria-hidden=\"true\">○</span> Offline</span>"
  }

  var tunnel: HTML {
    guard let phase = device.phase else { return "<span class=\"hint\">not reported yet</span>" }
    let (sign, name, words): (HTML, String, String) =
      switch phase {
      case .up: ("▲", "good", "Up")
      case .establishing: ("◌", "busy", "Dialling")
      case .closing: ("▽", "busy", "Closing")
      case .down: ("–", "rest", "Down")
      }
    let since =
      device.tunnel.map { tunnel -> HTML in
        let seconds = now.seconds(since: tunnel.upSince)
        return " <span class=\"hint\">for \(HTML.duration(seconds: seconds))</span>"
      } ?? .nothing
    let state: HTML = """
      <span class="state \(isOld ? "rest" : name)"><span aria-hidden="true">\(sign)</span> \
      \(words)</span>
      """
    return isOld ? state + " <span class=\"hint\">when last seen</span>" : state + since
  }

  var users: HTML {
    let taken = min(device.connections, device.connectionsMax)
    let pips =
      String(repeating: "●", count: taken)
      + String(repeating: "○", count: device.connectionsMax - taken)
    return """
      <span class="users">\(device.connections)/\(device.connectionsMax) \
      <span class="pips" aria-hidden="true">\(pips)</span></span>
      """
  }

  var address: HTML {
    guard let tunnel = device.tunnel else { return "–" }
    return .copyable(tunnel.vpnAddress, called: "VPN address")
  }

  /// As reported, less what has passed since; traffic that is not reported yet would add to it.
  var timeLeft: HTML {
    guard let tunnel = device.tunnel, let reportedAt = device.reportedAt, !isOld else { return "–" }
    return .countdown(
      seconds: max(0, tunnel.inactivityLeftSeconds - now.seconds(since: reportedAt)))
  }

  var actions: HTML {
    guard caller.mayConnect else { return .nothing }
    let connect: HTML = """
      <button type="button" class="act \(device.online ? "primary" : "")" data-do="connect" \
      data-product="\(device.productID)" data-name="\(device.name)" \
      aria-label="Connect to \(device.name)">Connect</button>
      """
    guard device.online, device.connections > 0 || device.tunnel != nil else { return connect }
    return connect + """
       <button type="button" class="act" data-do="closeall" data-product="\(device.productID)" \
      data-name="\(device.name)" data-count="\(device.connections)" \
      aria-label="Close all connections of \(device.name)">Close all</button>
      """
  }

  /// Everything there is, for the device's own page.
  var list: HTML {
    """
    <dl class="facts" id="facts">
    <div><dt>Link</dt><dd>\(link)</dd></div>
    <div><dt>Tunnel</dt><dd>\(tunnel)</dd></div>
    <div><dt>Users</dt><dd>\(users)</dd></div>
    <div><dt>VPN address</dt><dd>\(address)</dd></div>
    <div><dt>Time left</dt><dd>\(timeLeft)</dd></div>
    <div><dt>Idle time</dt><dd>\(idleTime)</dd></div>
    <div><dt>Traffic</dt><dd>\(traffic)</dd></div>
    <div><dt>Last report</dt><dd>\(device.reportedAt.map(HTML.moment) ?? "never")</dd></div>
    <div><dt>Online since</dt><dd>\(device.attachedAt.map(HTML.moment) ?? "–")</dd></div>
    <div><dt>Enrolled</dt><dd>\(.moment(device.enrolledAt))</dd></div>
    </dl>
    """
  }

  private var idleTime: HTML {
    device.tunnel.map { "\(HTML.duration(seconds: $0.inactivitySeconds))" } ?? "–"
  }

  private var traffic: HTML {
    device.tunnel.map {
      "\(HTML.size(bytes: $0.receivedBytes)) in, \(HTML.size(bytes: $0.sentBytes)) out"
    } ?? "–"
  }
}
