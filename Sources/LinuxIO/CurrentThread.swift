import CLinux

/// The calling thread.
public enum CurrentThread {
  /// Keeps the thread on one processor, numbered from 0.
  public static func pin(toProcessor number: Int) throws(SystemError) {
    try check(
      clinux_pin_thread(Int32(clamping: number)), "pin a thread to processor \(number)")
  }
}
