import Glibc

/// A thread of its own, for a loop or for long computations; Swift's own threads stay free.
struct LoopThread: Sendable {
  private let thread: pthread_t

  private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts `body`; `nil` when the system has no room for another thread.
  init?(_ body: @escaping @Sendable () -> Void) {
    let argument = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    var thread = pthread_t()
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        body.run()
        return nil
      }, argument)
    guard result == 0 else {
      unsafe Unmanaged<Body>.fromOpaque(argument).release()
      return nil
    }
    self.thread = thread
  }

  /// Waits for its end; once.
  func join() { _ = pthread_join(thread, nil) }

  /// Nobody will wait for its end.
  func detach() { _ = pthread_detach(thread) }
}
