/// Takes a stream of events apart (HTML Living Standard §9.2.6), within bounds.
struct ServerSentEventReader {
  /// What one event of most streams may weigh, in bytes.
  static let eventBytesMax = 1024 * 1024

  enum Item: Hashable {
    /// A line that is there to show that the stream lives.
    case comment(String)
    case event(id: String?, name: String?, data: String)
  }

  struct TooLong: Error {}

  private let eventBytesMax: Int
  private var line: [UInt8] = []
  private var id: String?
  private var name: String?
  private var data: [String] = []
  private var dataBytes = 0

  /// - Parameter eventBytesMax: what one event may weigh, in bytes, with the name of its field.
  init(eventBytesMax: Int = Self.eventBytesMax) { self.eventBytesMax = eventBytesMax }

  /// Takes the next bytes and gives the items that they complete.
  mutating func read(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [Item] {
    var items: [Item] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        guard line.count + dataBytes < eventBytesMax else { throw TooLong() }
        line.append(byte)
        continue
      }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if let item = takeLine() { items.append(item) }
    }
    return items
  }

  private mutating func takeLine() -> Item? {
    defer { line.removeAll(keepingCapacity: line.count < 4096) }
    guard !line.isEmpty else { return takeEvent() }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    var value = line[colon...].dropFirst()
    if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
    let text = String(decoding: value, as: UTF8.self)
    switch String(decoding: line[..<colon], as: UTF8.self) {
    case "": return .comment(text)
    case "id": id = text
    case "event": name = text
    case "data":
      data.append(text)
      // The line break between two lines counts, too: without it, empty lines would be free and
      // their number without end.
      dataBytes += value.count + 1
    default: break
    }
    return nil
  }

  private mutating func takeEvent() -> Item? {
    defer {
      (id, name, dataBytes) = (nil, nil, 0)
      data.removeAll()
    }
    guard !data.isEmpty else { return nil }
    return .event(id: id, name: name, data: data.joined(separator: "\n"))
  }
}
