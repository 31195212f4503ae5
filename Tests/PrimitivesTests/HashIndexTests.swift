import Primitives
import Testing

@Suite(.timeLimit(.minutes(5))) struct HashIndexTests {
  @Test func itAnswersAsADictionaryDoes() {
    var random = SeededRandom(seed: 31)
    var index = HashIndex(countMax: 200)
    var model: [UInt64: Int] = [:]
    // Few distinct keys: many removals. Any keys at all, for those at equal distances never meet.
    let keys = (0..<300).map { _ in random.next() }
    for _ in 0..<20_000 {
      let key = keys.randomElement(using: &random) ?? 0
      if Bool.random(using: &random) {
        let value = Int.random(in: 0..<1_000, using: &random)
        let inserted = index.insert(value, for: key)
        #expect(inserted == (model[key] != nil || model.count < 200))
        if inserted { model[key] = value }
      } else {
        let removed = index.remove(key)
        #expect(removed == model.removeValue(forKey: key))
      }
      let found = index.find(key)
      #expect(found == model[key])
      let count = index.count
      #expect(count == model.count)
    }
    for key in keys {
      let found = index.find(key)
      #expect(found == model[key])
    }
  }

  @Test func aFullIndexChangesValuesButTakesNoNewKey() {
    var index = HashIndex(countMax: 2)
    index.insert(1, for: 1)
    index.insert(2, for: 2)
    let third = index.insert(3, for: 3)
    let again = index.insert(9, for: 2)
    let values = [index.find(1), index.find(2), index.find(3)]
    #expect(!third)
    #expect(again)
    #expect(values == [1, 9, nil])
  }
}
