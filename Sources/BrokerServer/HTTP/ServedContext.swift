import Hummingbird
import NIOCore

/// One request's surroundings: the connection that it came on.
struct ServedContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }

  /// Where the request comes from, without its port; a request's own headers are not believed.
  var source: String { channel.remoteAddress?.ipAddress ?? "local" }
}
