import Control
import LinuxIO
import Settings

extension InnerPort {
  /// In a name, what is replaced by the first free number.
  private static let numberMark = "%d"
  /// Numbers tried.
  private static let numbersMax = 256

  /// Makes the TUN device that a configuration names; `nil` where it wants none.
  static func open(_ tun: TunInterface, packetsMax: Int) throws(ControlError) -> InnerPort? {
    guard let name = tun.name else { return nil }
    do throws(TUNDeviceError) {
      return InnerPort(try device(named: name), packetsMax: packetsMax)
    } catch {
      throw .tun(error)
    }
  }

  private static func device(named name: String) throws(TUNDeviceError) -> TUNDevice {
    guard name.hasSuffix(numberMark) else { return try TUNDevice(name: name) }
    let stem = name.dropLast(numberMark.utf8.count)
    for number in 0..<numbersMax {
      do throws(TUNDeviceError) {
        return try TUNDevice(name: "\(stem)\(number)")
      } catch {
        guard case .nameTaken = error else { throw error }
      }
    }
    throw .nameTaken(name)
  }
}
