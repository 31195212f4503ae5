import Foundation
import LinuxIO
import Testing

@Suite(.timeLimit(.minutes(5))) struct ProcessResourcesTests {
  @Test func descriptorsAreLimitedByTheHardLimitAlone() throws {
    try ProcessResources.raiseDescriptorLimit()
    let limits = try String(contentsOfFile: "/proc/self/limits", encoding: .utf8)
    let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
    let numbers = line.split(separator: " ").filter { $0.allSatisfy(\.isNumber) }
    #expect(numbers.count == 2 && numbers.first == numbers.last)
  }

  @Test func aThresholdThatTheAllocatorCannotHaveIsRefused() {
    #expect(throws: SystemError.self) { try ProcessResources.mapAllocations(fromBytes: .max) }
  }
}
