/// An event as it travels and as it stands in files: CloudEvents 1.0, JSON format, structured mode.
public struct CloudEvent: Hashable, Sendable, Codable {
  static let typePrefix = "org.drawbridge."
  /// Of ``source``; the broker's name follows.
  public static let sourcePrefix = "/drawbridge/"

  public let specversion: String
  /// The sequence, as text.
  public let id: String
  /// `/drawbridge/` and the broker's name.
  public let source: String
  public let type: String
  public let time: Timestamp
  /// What it was done to: a connection, a tunnel or a device.
  public let subject: String?
  public let datacontenttype: String
  public let organisation: Name?
  public let actor: String
  public let previoushash: String
  public let hash: String
  public let data: ServiceEvent

  public init(_ event: ServiceEvent, broker: Name) {
    specversion = "1.0"
    id = "\(event.sequence)"
    source = "\(Self.sourcePrefix)\(broker)"
    type = Self.typePrefix + event.kind.rawValue
    time = event.time
    subject = event.connection?.text ?? event.tunnel?.text ?? event.product?.text
    datacontenttype = "application/json"
    organisation = event.organisation
    actor = event.actor
    previoushash = event.previousHash
    hash = event.hash
    data = event
  }
}
