extension DocumentNode {
  /// A file's document, or an empty one without a file.
  init(of file: ConfigurationFile?) throws(ConfigurationRefused) {
    guard let file else {
      self.init(content: .empty, origin: .whole)
      return
    }
    self = try YAMLDocument.parse(file.text)
  }

  /// Puts the other's keys in place of ours, mapping by mapping; lists are replaced whole.
  mutating func overlay(_ other: DocumentNode) {
    guard case .mapping(let additions) = other.content else {
      self = other
      return
    }
    var entries: [Entry] =
      switch content {
      case .mapping(let entries): entries
      case .scalar, .empty, .sequence: []
      }
    for addition in additions {
      if let index = entries.firstIndex(where: { $0.key == addition.key }) {
        entries[index].value.overlay(addition.value)
      } else {
        entries.append(addition)
      }
    }
    content = .mapping(entries)
  }
}
