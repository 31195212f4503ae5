/// The description of the API that is served.
enum OpenAPIDocument {
  static let whole: [String: String] = [:]
}
