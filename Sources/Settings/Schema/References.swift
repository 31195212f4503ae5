extension Section {
  /// Reads the name of an element of another list; where that list has one element only, it is the
  /// default.
  mutating func read(
    reference key: String, to names: [String], listedIn list: String, into name: inout String
  ) {
    log.describe(
      child(key), form: "a name of `\(list)`", defaultText: "(the only one)")
    guard node(key) != nil else {
      if names.count > 1 {
        log.report(
          FormProblem(
            .missingKey, "the key “\(key)” is missing", cause: "\(list) has several elements",
            next: "choose one of: " + names.joined(separator: ", ")),
          at: child(key))
      }
      return
    }
    read(known: key, Form<String>.name, into: &name)
    guard !names.isEmpty, !names.contains(name) else { return }
    let nearest = NearestKey.find(name, among: names)
    log.report(
      FormProblem(
        .unknownReference, "nothing in \(list) is named “\(name)”",
        cause: nearest.map { "“\($0)” was meant, most likely" } ?? "it was removed or renamed",
        next: "choose one of: " + names.joined(separator: ", ")),
      at: child(key))
  }
}

extension ReadingLog {
  /// Reports every name that an earlier element of the list has.
  func requireUnique(_ names: [String], in list: String, key: String = "name") {
    var seen: Set<String> = []
    for (index, name) in names.enumerated() where !seen.insert(name).inserted {
      report(
        FormProblem(
          .duplicateName, "“\(name)” occurs twice in \(list)", cause: "a block was copied",
          next: "give each its own \(key)"),
        at: "\(list)[\(index)].\(key)")
    }
  }
}
