import CFuzzTargets
import Glibc

/// The target that this process fuzzes, from the environment (`FUZZ_TARGET`).
private nonisolated(unsafe) var selected: FuzzTarget?

/// libFuzzer calls this once, before anything else.
///
/// With `FUZZ_LIST` set, prints the targets, with the longest useful input of each and whether it is
/// a `script` or `bytes`; with `FUZZ_SEEDS` set, writes the seeds of the target into that directory
/// and, with `FUZZ_WORDS` set, its words into that file. Both end the process.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzerInitialize(
  _ count: UnsafeMutablePointer<CInt>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
  if getenv("FUZZ_LIST") != nil {
    for target in FuzzTarget.all {
      print(target.name, target.inputBytesMax, target.isScript ? "script" : "bytes")
    }
    exit(0)
  }
  let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    print("FUZZ_TARGET names no target: \(name)")
    exit(2)
  }
  if let directory = getenv("FUZZ_SEEDS") {
    for (number, seed) in target.seeds().enumerated() {
      write(seed, to: "\(String(cString: directory))/seed-\(number)")
    }
    if let file = getenv("FUZZ_WORDS") {
      write(Array(dictionary(of: target.words).utf8), to: String(cString: file))
    }
    exit(0)
  }
  selected = target
  fuzz_watch_compares(target.isScript ? 0 : 1)
  return 0
}

/// libFuzzer calls this for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  selected?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// As libFuzzer reads it: one quoted word a line.
private func dictionary(of words: [String]) -> String {
  let digits = Array("0123456789abcdef")
  return words.map { word in
    "\"" + word.utf8.map { "\\x\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined() + "\"\n"
  }.joined()
}

private func write(_ bytes: [UInt8], to path: String) {
  guard let file = fopen(path, "wb"), fwrite(bytes, 1, bytes.count, file) == bytes.count,
    fclose(file) == 0
  else {
    print("cannot write \(path)")
    exit(1)
  }
}
