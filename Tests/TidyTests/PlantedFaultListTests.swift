import Testing

/// The list of `Tests/Mutants` does not rot: `make mutants` is no part of `make test`, this is.
@Suite(.timeLimit(.minutes(5))) struct PlantedFaultListTests {
  @Test func everyPlantedFaultHasItsPlaceItsTestsAndItsRule() async throws {
    let (code, output) = try await Checkout.run("python3", ["Tests/Mutants/run", "--check"])
    #expect(code == 0, "the list and the sources differ:\n\(output.prefix(4_000))")
  }
}
