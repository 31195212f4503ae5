/// One node of a configuration document, whatever it was written in.
struct DocumentNode {
  enum Content {
    case scalar(String)
    /// A key with nothing behind it.
    case empty
    case sequence([DocumentNode])
    case mapping([Entry])
  }

  struct Entry {
    var key: String
    var origin: Finding.Origin
    var value: DocumentNode
  }

  var content: Content
  var origin: Finding.Origin

  /// What people call this shape.
  var shape: String {
    switch content {
    case .scalar: "a value"
    case .empty: "nothing"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

extension DocumentNode {
  /// Builds the nodes that a file would have had, from command-line options.
  static func option(_ option: String, _ text: String) -> DocumentNode {
    DocumentNode(content: .scalar(text), origin: .option(option))
  }

  /// A mapping whose keys keep the given order.
  static func mapping(_ entries: [(key: String, value: DocumentNode?)]) -> DocumentNode {
    let present = entries.compactMap { key, value in
      value.map { Entry(key: key, origin: $0.origin, value: $0) }
    }
    return DocumentNode(content: .mapping(present), origin: present.first?.origin ?? .whole)
  }

  /// A list; it stands where its first element stands.
  static func sequence(_ elements: [DocumentNode]) -> DocumentNode {
    DocumentNode(content: .sequence(elements), origin: elements.first?.origin ?? .whole)
  }
}
