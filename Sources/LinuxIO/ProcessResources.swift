import CLinux

/// What this process takes from the system.
public enum ProcessResources {
  /// Lets the process have as many descriptors as its hard limit allows; the soft one is 1024 unless
  /// somebody raised it.
  public static func raiseDescriptorLimit() throws(SystemError) {
    try check(clinux_raise_descriptor_limit(), "raise the limit of descriptors")
  }

  /// Makes allocations from `bytes` on pages of their own, of which only those that are touched cost
  /// memory.
  ///
  /// For a program with many large buffers that are hardly used; each costs a system call.
  public static func mapAllocations(fromBytes bytes: Int) throws(SystemError) {
    try check(clinux_map_allocations(max(0, bytes)), "set the allocator's threshold")
  }
}
