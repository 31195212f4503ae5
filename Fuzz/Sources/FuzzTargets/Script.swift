import Primitives

/// A fuzz input read as a script of operations on a machine. Reading past the end gives nothing,
/// so that every input is a valid script.
struct Script {
  private var reader: ByteReader

  init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

  var isAtEnd: Bool { reader.isAtEnd }

  /// The next byte; 0 past the end.
  mutating func byte() -> UInt8 { reader.readUInt8() ?? 0 }

  /// The next two bytes; 0 past the end.
  mutating func word() -> UInt16 { reader.readUInt16() ?? UInt16(byte()) }

  /// Bytes with their number (two bytes) in front, cut at the end of the script.
  mutating func chunk() -> [UInt8] {
    let count = Int(word())
    return reader.readBytes(min(count, reader.remaining)) ?? []
  }

  /// A span of time between a millisecond and nine hours, short ones in fine steps.
  mutating func span() -> Duration {
    let value = Int(word())
    return .milliseconds((value & 0xfff) << (value >> 12 & 0xf) / 4 + 1)
  }
}

/// What lies between the two ends of a machine under fuzz: the messages under way, oldest first,
/// and the last ones that were ever sent, for replay.
struct Wire {
  /// Beyond it messages are lost.
  static let countMax = 64

  struct Message {
    var toFirst: Bool
    var bytes: [UInt8]
  }

  private(set) var queue: [Message] = []
  private var sent: [Message] = []
  /// Makes the length fields of a message true again after bytes were taken or put in.
  private let repair: (inout [UInt8]) -> Void

  init(repair: @escaping (inout [UInt8]) -> Void) { self.repair = repair }

  mutating func send(_ bytes: [UInt8], toFirst: Bool) {
    let message = Message(toFirst: toFirst, bytes: bytes)
    if queue.count < Self.countMax { queue.append(message) }
    if sent.count == Self.countMax { sent.removeFirst() }
    sent.append(message)
  }

  /// Sends a message that overtakes all others and that nobody repeats.
  mutating func sendFirst(_ bytes: [UInt8], toFirst: Bool) {
    queue.insert(Message(toFirst: toFirst, bytes: bytes), at: 0)
    if queue.count > Self.countMax { queue.removeLast() }
  }

  /// Takes the oldest message.
  mutating func next() -> Message? { queue.isEmpty ? nil : queue.removeFirst() }

  /// An old message, the last one for 0.
  func replay(_ age: UInt8) -> Message? {
    sent.isEmpty ? nil : sent[sent.count - 1 - Int(age) % sent.count]
  }

  /// Puts the oldest message behind all others.
  mutating func reorder() {
    if let message = next() { queue.append(message) }
  }

  /// Doubles the oldest message.
  mutating func duplicate() {
    if let message = queue.first, queue.count < Self.countMax { queue.append(message) }
  }

  /// Changes a byte of the oldest message.
  mutating func flip(at position: UInt16, with mask: UInt8) {
    guard let count = queue.first?.bytes.count, count > 0 else { return }
    queue[0].bytes[Int(position) % count] ^= mask
  }

  /// Cuts the oldest message.
  mutating func truncate(to count: UInt16) {
    guard let length = queue.first?.bytes.count, length > 0 else { return }
    queue[0].bytes.removeLast(length - Int(count) % length)
    repair(&queue[0].bytes)
  }

  /// Puts bytes into the oldest message.
  mutating func insert(_ bytes: [UInt8], at position: UInt16) {
    guard let length = queue.first?.bytes.count else { return }
    queue[0].bytes.insert(contentsOf: bytes, at: Int(position) % (length + 1))
    repair(&queue[0].bytes)
  }
}
