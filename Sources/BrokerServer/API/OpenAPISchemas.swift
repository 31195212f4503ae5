import ConnectionService
import Primitives

/// The schemas of the API's requests and answers.
///
/// Requests take no field that is not named; answers may get more fields later.
enum OpenAPISchemas {
  static let all: [String: JSONTree] = texts.merging(
    requests.merging(deviceParts.merging(views.merging(pages) { $1 }) { $1 }) { $1 }
  ) { $1 }

  private static let texts: [String: JSONTree] = [
    "Anything": ["type": "object"],
    "Name": ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"],
    "ProductID": ["type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"],
    "ConnectionID": ["type": "string", "pattern": "^c-[0-9abcdefghjkmnpqrstvwxyz]{16}$"],
    "TunnelID": ["type": "string", "pattern": "^t-[0-9abcdefghjkmnpqrstvwxyz]{16}$"],
    "HistoryID": ["type": "string", "pattern": "^h-[0-9abcdefghjkmnpqrstvwxyz]{16}$"],
    "Timestamp": [
      "type": "string", "format": "date-time", "description": "In UTC: it ends with Z.",
    ],
    "Sequence": ["type": "integer", "minimum": 0, "maximum": .number(Int64.max)],
    "Int64": ["type": "integer", "minimum": .number(Int64.min), "maximum": .number(Int64.max)],
    "Count": ["type": "integer", "minimum": 0, "maximum": .unsigned(UInt64.max)],
    "CloseReason": choice(CloseReason.allCases.map(\.rawValue)),
    "EventKind": choice(ServiceEvent.Kind.allCases.map(\.rawValue)),
    "RefusalCode": choice(Refusal.Code.allCases.map(\.rawValue)),
    "Role": choice(Role.allCases.map(\.rawValue)),
    "Phase": choice(ConnectionView.Phase.allCases.map(\.rawValue)),
    "HistoryKind": choice(HistoryEvent.Kind.allCases.map(\.rawValue)),
    "DevicePhase": choice(["down", "establishing", "up", "closing"]),
    "InactivitySeconds": [
      "type": "integer", "description": "Any number; the answer has what became of it.",
    ],
    "Note": text(bytesMax: ConnectRequest.noteBytesMax),
    "DeviceName": text(bytesMax: 100),
    "VPNUser": text(bytesMax: 100),
    "Gateway": text(bytesMax: 255),
    "Credential": text(bytesMax: 1000),
    "Lifetime": ["type": "integer", "minimum": 1, "maximum": 316_224_000],
    "WebhookURL": [
      "type": "string", "maxLength": 2000,
      "pattern": .text(
        #"^(https://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])|http://(localhost|127\.0\.0\.1|\[::1\]))"#
          + "(:[0-9]{1,5})?([/?#][!-~]*)?$"),
    ],
    "Actor": ["type": "string", "pattern": #"^[^\x00-\x1f\x7f-\x9f]*$"#],
    "Token": ["type": "string", "maxLength": 256, "pattern": "^[!#-:<-~]*$"],
    "TokenRole": choice(Role.allCases.filter { $0 != .device }.map(\.rawValue)),
  ]

  private static let requests: [String: JSONTree] = [
    "EnrolmentRequest": closed(["productID": "ProductID"], optional: ["name": "DeviceName"]),
    "EnrolRequest": closed(["code": "string"]),
    "ConnectRequest": closed(
      [:],
      optional: [
        "inactivitySeconds": "InactivitySeconds", "note": "Note", "parameters": "VPNParameters",
      ]),
    "VPNParameters": closed(
      ["credentials": "Credentials"],
      optional: ["gateway": "Gateway", "inactivitySeconds": "InactivitySeconds"]),
    "Credentials": oneOf([
      ("named", ["_0": "Name"]), ("given", ["_0": "GivenCredentials"]),
    ]),
    "GivenCredentials": closed([
      "preSharedKey": "Credential", "user": "Credential", "password": "Credential",
    ]),
    "TokenRequest": closed(
      ["user": "Name", "role": "TokenRole"],
      optional: ["lifetimeSeconds": "Lifetime", "vpnUser": "VPNUser"]),
    "WebhookRequest": closed(["url": "WebhookURL"]),
    "SessionRequest": closed(["token": "Token"]),
    "SessionForm": open([:], optional: ["token": "Token", "next": "string"]),
  ]

  private static let deviceParts: [String: JSONTree] = [
    "DeviceReport": closed(
      [
        "epoch": "Count", "answers": "[DeviceAnswer", "state": "DeviceState",
        "history": "[HistoryEvent",
      ], optional: ["historyID": "HistoryID"]),
    "DeviceAnswer": closed(["command": "Count", "outcome": "Outcome"]),
    "Outcome": oneOf([
      ("connected", ["facts": "ConnectedFacts"]), ("closed", [:]),
      ("refused", ["refusal": "Refusal"]),
    ]),
    "ConnectedFacts": closed([
      "connection": "ConnectionID", "tunnel": "TunnelID", "vpnAddress": "string",
      "inactivity": "Inactivity",
    ]),
    "Inactivity": closed(["seconds": "Int64", "wasClamped": "boolean"]),
    "DeviceState": closed(
      ["phase": "DevicePhase", "connections": "[ConnectionID"],
      optional: ["tunnel": "TunnelState", "number": "Count"]),
    "TunnelState": closed([
      "id": "TunnelID", "vpnAddress": "string", "upSince": "Timestamp",
      "inactivitySeconds": "Int64", "inactivityLeftSeconds": "Int64", "receivedBytes": "Count",
      "sentBytes": "Count",
    ]),
    "HistoryEvent": closed(
      ["sequence": "Count", "time": "Timestamp", "kind": "HistoryKind"],
      optional: [
        "tunnel": "TunnelID", "connection": "ConnectionID", "organisation": "Name", "user": "Name",
        "reason": "CloseReason", "refusal": "RefusalCode", "lastedSeconds": "Int64",
        "bytes": "Count",
      ]),
    "Refusal": closed(
      ["code": "RefusalCode", "detail": "string", "cause": "string", "nextStep": "string"],
      optional: ["reason": "CloseReason"]),
    "DeviceReportReceipt": open(["historyAcknowledged": "Sequence"]),
  ]

  private static let views: [String: JSONTree] = [
    "Problem": open(
      [
        "type": "string", "title": "string", "status": "Int64", "code": "RefusalCode",
        "detail": "string", "cause": "string", "nextStep": "string",
      ], optional: ["reason": "CloseReason"]),
    "EnrolmentReply": open(["productID": "ProductID", "code": "string", "expiresAt": "Timestamp"]),
    "EnrolReply": open(["productID": "ProductID", "organisation": "Name", "token": "string"]),
    "DeviceView": open(
      [
        "productID": "ProductID", "name": "string", "online": "boolean", "enrolledAt": "Timestamp",
        "connections": "Int64", "connectionsMax": "Int64",
      ],
      optional: [
        "attachedAt": "Timestamp", "reportedAt": "Timestamp", "phase": "DevicePhase",
        "tunnel": "TunnelState",
      ]),
    "ConnectionView": open(
      [
        "id": "ConnectionID", "productID": "ProductID", "user": "Name", "phase": "Phase",
        "requestedAt": "Timestamp",
      ],
      optional: [
        "note": "string", "upAt": "Timestamp", "closedAt": "Timestamp", "vpnAddress": "string",
        "tunnel": "TunnelID", "inactivitySeconds": "Int64", "inactivityWasClamped": "boolean",
        "reason": "CloseReason", "closedBy": "string", "failure": "Refusal",
      ]),
    "CloudEvent": open(
      [
        "specversion": "string", "id": "string", "source": "string", "type": "string",
        "time": "Timestamp", "datacontenttype": "string", "actor": "string",
        "previoushash": "string", "hash": "string", "data": "Anything",
      ], optional: ["subject": "string", "organisation": "Name"]),
    "TokenReply": open(["token": "string", "view": "TokenView"]),
    "TokenView": open(
      ["id": "string", "user": "Name", "role": "Role", "createdAt": "Timestamp"],
      optional: ["vpnUser": "string", "expiresAt": "Timestamp", "revokedAt": "Timestamp"]),
    "Grant": open([
      "connection": "ConnectionID", "operatorUser": "string", "deviceUser": "string",
      "deviceAddress": "string",
    ]),
    "WebhookView": open(
      [
        "id": "string", "url": "string", "createdAt": "Timestamp",
        "deliveredSequence": "Sequence", "failures": "Int64",
      ], optional: ["secret": "string"]),
    "SessionReply": open(["user": "Name", "organisation": "Name", "role": "Role"]),
    "Readiness": open(["ready": "boolean", "reasons": "[string"]),
  ]

  private static let pages: [String: JSONTree] = [
    "DevicePage": page("DeviceView"), "ConnectionPage": page("ConnectionView"),
    "EventPage": page("CloudEvent"), "TokenPage": page("TokenView"), "GrantPage": page("Grant"),
    "WebhookPage": page("WebhookView"),
  ]

  private static func page(_ item: String) -> JSONTree {
    open(["items": "[" + item], optional: ["next": "string"])
  }

  private static func choice(_ values: [String]) -> JSONTree {
    ["type": "string", "enum": .list(values.map { .text($0) })]
  }

  /// Counted in bytes of UTF-8, which a schema cannot say; no control characters.
  private static func text(bytesMax: Int) -> JSONTree {
    [
      "type": "string", "minLength": 1, "maxLength": .number(Int64(bytesMax)),
      "pattern": #"^[^\x00-\x1f\x7f-\x9f]+$"#,
      "description": .text("At most \(bytesMax) bytes of UTF-8."),
    ]
  }

  /// An object that may have other fields later.
  private static func open(
    _ required: [String: String], optional: [String: String] = [:]
  ) -> JSONTree {
    let fields = required.mapValues(schema).merging(optional.mapValues(schema)) { $1 }
    return [
      "type": "object", "properties": .object(fields),
      "required": .list(required.keys.sorted().map { .text($0) }),
    ]
  }

  /// An object whose other fields are refused; optional ones may be null.
  private static func closed(
    _ required: [String: String], optional: [String: String] = [:]
  ) -> JSONTree {
    let nullable = optional.mapValues { name -> JSONTree in
      ["anyOf": [schema(name), ["type": "null"]]]
    }
    let fields = required.mapValues(schema).merging(nullable) { $1 }
    return [
      "type": "object", "properties": .object(fields),
      "required": .list(required.keys.sorted().map { .text($0) }), "additionalProperties": false,
    ]
  }

  /// An object with exactly one of these fields.
  private static func oneOf(_ cases: [(String, [String: String])]) -> JSONTree {
    let choices = cases.map { name, fields -> JSONTree in
      [
        "type": "object", "properties": .object([name: closed(fields)]),
        "required": .list([.text(name)]), "additionalProperties": false,
      ]
    }
    return ["oneOf": .list(choices)]
  }

  /// A name among the schemas, a plain type, or `[` and the name of a list's items.
  private static func schema(_ name: String) -> JSONTree {
    if name.hasPrefix("[") {
      return ["type": "array", "items": schema(String(name.dropFirst()))]
    }
    switch name {
    case "string", "boolean": return ["type": .text(name)]
    default: return OpenAPIDocument.reference(name)
    }
  }
}
