/// A statement's arguments in PostgreSQL's binary format.
///
/// The server infers the types from the statement: numbers are always BIGINT there, so that each is
/// eight bytes.
struct PostgreSQLParameters {
  private var bytes: [UInt8] = []
  /// Where each begins; `nil` for NULL.
  private var offsets: [Int?] = []
  private var lengths: [Int32] = []

  init(_ values: [SQLValue]) {
    for value in values { append(value) }
    // So that there is an address, also of an empty text.
    bytes.append(0)
  }

  private mutating func append(_ value: SQLValue) {
    let start = bytes.count
    switch value {
    case .null:
      offsets.append(nil)
      lengths.append(0)
      return
    case .integer(let number):
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> Int64(shift)))
      }
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .bytes(let more): bytes.append(contentsOf: more)
    }
    offsets.append(start)
    lengths.append(Int32(bytes.count - start))
  }

  /// Lends addresses, lengths and formats, as `PQsendQueryPrepared` takes them.
  @unsafe
  mutating func withPointers<Result>(
    _ body: ([UnsafePointer<CChar>?], [Int32], [Int32]) -> Result
  ) -> Result {
    unsafe bytes.withUnsafeBytes { buffer in
      let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      let pointers = unsafe offsets.map { offset in
        unsafe offset.flatMap { unsafe base?.advanced(by: $0) }
      }
      let binary = Array(repeating: Int32(1), count: lengths.count)
      return unsafe body(pointers, lengths, binary)
    }
  }
}
