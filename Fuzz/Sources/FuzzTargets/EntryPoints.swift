import Glibc

/// The target that this process fuzzes, from the environment (`FUZZ_TARGET`).
private nonisolated(unsafe) var selected: FuzzTarget?

/// libFuzzer calls this once, before anything else.
///
/// With `FUZZ_LIST` set, prints the targets with the longest useful input of each; with
/// `FUZZ_SEEDS` set, writes the seeds of the target into that directory. Both end the process.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzerInitialize(
  _ count: UnsafeMutablePointer<CInt>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
  if getenv("FUZZ_LIST") != nil {
    for target in FuzzTarget.all { print(target.name, target.inputBytesMax) }
    exit(0)
  }
  let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    print("FUZZ_TARGET names no target: \(name)")
    exit(2)
  }
  if let directory = getenv("FUZZ_SEEDS") {
    write(target.seeds(), into: String(cString: directory))
    exit(0)
  }
  selected = target
  return 0
}

/// libFuzzer calls this for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  selected?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

private func write(_ seeds: [[UInt8]], into directory: String) {
  for (number, seed) in seeds.enumerated() {
    let path = "\(directory)/seed-\(number)"
    guard let file = fopen(path, "wb"), fwrite(seed, 1, seed.count, file) == seed.count,
      fclose(file) == 0
    else {
      print("cannot write \(path)")
      exit(1)
    }
  }
}
