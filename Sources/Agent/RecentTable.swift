/// The values of the keys that were set last; older ones are forgotten.
struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  let countMax: Int
  private var values: [Key: Value] = [:]
  /// A ring once it is full: the oldest key stands at `next`.
  private var keys: [Key] = []
  private var next = 0

  init(countMax: Int) { self.countMax = countMax }

  var count: Int { values.count }

  subscript(key: Key) -> Value? { values[key] }

  /// Sets a value; a key that is there already keeps its age.
  mutating func set(_ value: Value, for key: Key) {
    guard values.updateValue(value, forKey: key) == nil else { return }
    guard keys.count == countMax else {
      keys.append(key)
      return
    }
    values[keys[next]] = nil
    keys[next] = key
    next = (next + 1) % countMax
  }
}
