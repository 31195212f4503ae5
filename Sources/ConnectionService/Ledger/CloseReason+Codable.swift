import Primitives

extension CloseReason: Codable {}
