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
    device.online ? .state(.online, "Online") : .state(.offline, "Offline")
  }

  var tunnel: HTML {
    guard let phase = device.phase else { return "<small>not reported yet</small>" }
    let (mark, words): (StateMark, String) =
      switch phase {
      case .up: (.up, "Up")
      case .establishing: (.busy, "Dialling")
      case .closing: (.closing, "Closing")
      case .down: (.over, "Down")
      }
    let since =
      device.tunnel.map { tunnel -> HTML in
        let seconds = now.seconds(since: tunnel.upSince)
        return " <small>for \(HTML.duration(seconds: seconds))</small>"
      } ?? .nothing
    let state: HTML = .state(mark, words, isOld: isOld)
    return isOld ? state + " <small>when last seen</small>" : state + since
  }

  var users: HTML {
    let taken = min(device.connections, device.connectionsMax)
    let pips =
      String(repeating: "●", count: taken)
      + String(repeating: "○", count: device.connectionsMax - taken)
    return """
      \(device.connections)/\(device.connectionsMax)\u{A0}<i aria-hidden="true">\(pips)</i>
      """
  }

  var address: HTML {
    guard let tunnel = device.tunnel else { return "–" }
    return .copyable(tunnel.vpnAddress)
  }

  /// As reported, less what has passed since; traffic that is not reported yet would add to it.
  var timeLeft: HTML {
    guard let tunnel = device.tunnel, let reportedAt = device.reportedAt, !isOld else { return "–" }
    return .countdown(
      seconds: max(0, tunnel.inactivityLeftSeconds - now.seconds(since: reportedAt)))
  }

  /// Only scripts can carry them out, and they say on which device: the one in whose place a button
  /// stands.
  var actions: HTML {
    guard caller.mayConnect else { return .nothing }
    let weight: HTML = device.online ? " class=\"primary\"" : .nothing
    let connect: HTML = "<button\(weight) data-do=\"connect\">Connect</button>"
    guard device.online, device.connections > 0 || device.tunnel != nil else { return connect }
    return connect + """
       <button data-do="closeall" data-count="\(device.connections)">Close all</button>
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
