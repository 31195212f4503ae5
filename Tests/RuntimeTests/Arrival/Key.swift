import Foundation
import Testing

@testable import Settings

/// One key of a configuration with a value that is not its default, and where the running program has
/// that value.
struct Key<Running: Sendable>: Sendable {
  /// Dotted, as the schema has it; list elements as `[]`.
  var path: String
  /// As YAML's flow style has it.
  var value: String
  /// What `reading` gives where the value has arrived.
  var arrived: String
  /// `nil` where the program has nothing of the kind.
  var reading: @Sendable (Running) -> String?
  /// The key that cannot stand beside this one.
  var excluded: String?

  init(
    _ path: String, _ value: String, _ arrived: String, instead excluded: String? = nil,
    _ reading: @escaping @Sendable (Running) -> String?
  ) {
    self.path = path
    self.value = value
    self.arrived = arrived
    self.excluded = excluded
    self.reading = reading
  }

  /// The value is read back as it is written.
  init(_ path: String, _ value: String, _ reading: @escaping @Sendable (Running) -> String?) {
    self.init(path, value, value, reading)
  }

}

extension Array {
  /// The same keys below a section.
  func under<Running>(_ prefix: String) -> [Key<Running>] where Element == Key<Running> {
    map { Key(prefix + $0.path, $0.value, $0.arrived, $0.reading) }
  }
}

/// What a kind of configuration has, by its schema.
struct SchemaKeys {
  /// All keys.
  var all: Set<String> = []
  /// Those that have one value only, and so no other than the default.
  var fixed: Set<String> = []

  /// Reads `document`, in which every list has an element, and keeps what was asked for.
  init(of document: String, _ read: (inout Section) -> Void) throws {
    let log = ReadingLog(secrets: Documents.secrets, recordsSchema: true)
    var section = Section(try YAMLDocument.parse(document), path: "", log: log)
    read(&section)
    section.finish()
    let errors = log.findings.filter { $0.severity == .error }
    #expect(errors == [], "\(document)")
    for entry in log.schema {
      all.insert(entry.path)
      if entry.form.wholeMatch(of: /`\w+`/) != nil { fixed.insert(entry.path) }
    }
  }
}

/// Documents made of keys.
enum Documents {
  static let secrets = SecretSource(
    file: { _ in [] }, environment: { ["ARRIVED": "from the environment"][$0] })

  /// One document with every key but those that exclude others, and one more for each of those.
  static func all<Running>(
    of keys: [Key<Running>], before elements: [String: String] = [:]
  ) -> [(text: String, keys: [Key<Running>])] {
    let main = keys.filter { $0.excluded == nil }
    let others = keys.filter { $0.excluded != nil }.map { other in
      main.filter { $0.path != other.excluded } + [other]
    }
    return ([main] + others).map { (text(of: $0, before: elements), $0) }
  }

  /// - Parameter elements: written before the element of a list that the keys make up.
  private static func text<Running>(
    of keys: [Key<Running>], before elements: [String: String]
  ) -> String {
    var tree = Tree()
    for key in keys {
      tree.put(key.value, at: key.path.split(separator: ".").map(String.init)[...])
    }
    return tree.text(at: "", elements)
  }

  /// Mappings in the order in which their keys came.
  private struct Tree {
    private var value: String?
    private var names: [String] = []
    private var children: [String: Tree] = [:]

    mutating func put(_ value: String, at path: ArraySlice<String>) {
      guard let name = path.first else {
        self.value = value
        return
      }
      if children[name] == nil { names.append(name) }
      children[name, default: Tree()].put(value, at: path.dropFirst())
    }

    func text(at place: String, _ elements: [String: String]) -> String {
      if let value { return value }
      let entries = names.compactMap { name in
        children[name].map { child in
          let path = place.isEmpty ? name : "\(place).\(name)"
          let text = child.text(at: path, elements)
          guard name.hasSuffix("[]") else { return "\(name): \(text)" }
          let before = elements[path].map { "\($0), " } ?? ""
          return "\(name.dropLast(2)): [\(before)\(text)]"
        }
      }
      return "{" + entries.joined(separator: ", ") + "}"
    }
  }
}

/// Checks a table of keys against the schema: none is missing, and none is of yesterday.
func expectComplete<Running>(
  _ keys: [Key<Running>], elsewhere: Set<String>, _ schema: SchemaKeys
) {
  let covered = Set(keys.map(\.path))
  #expect(covered.count == keys.count, "a key stands twice")
  let known = covered.union(elsewhere).union(schema.fixed)
  #expect(schema.all.subtracting(known) == [], "nobody shows that these arrive")
  #expect(known.subtracting(schema.all) == [], "the schema has none of these")
  #expect(covered.isDisjoint(with: elsewhere) && covered.isDisjoint(with: schema.fixed))
}

/// What every key's reading gives: its value, and not what it gives where the key is not written.
func expectArrival<Running>(
  of keys: [Key<Running>], in running: Running, notIn plain: Running
) {
  for key in keys {
    #expect(key.reading(running) == key.arrived, "\(key.path): \(key.value)")
    #expect(key.reading(plain) != key.arrived, "\(key.path): \(key.value) is its default")
  }
}

extension Duration {
  var wholeSecondsText: String { "\(components.seconds)" }
}
