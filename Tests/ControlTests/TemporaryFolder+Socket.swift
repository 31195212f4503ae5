import Foundation
import Programs

extension TemporaryFolder {
  var socket: String { file("s.sock") }

  func mode(of path: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.posixPermissions] as? NSNumber)?.intValue
  }
}
