// SPDX-License-Identifier: GPL-2.0-only

import TestSupport
import Testing

@testable import Attribution

struct NameSumsTests {
    static func fit(_ parts: [UInt64], into whole: UInt64, _ sums: inout NameSums) -> [UInt64] {
        for (name, part) in parts.enumerated() { sums.add(part, name: name) }
        var fitted = parts.map { _ in UInt64(0) }
        sums.take(atMost: whole) { fitted[$0] = $1 }
        return fitted
    }

    @Test func largestRemaindersCloseTheSum() {
        var sums = NameSums()
        #expect(Self.fit([1, 1, 1], into: 2, &sums) == [1, 1, 0])
        #expect(Self.fit([5, 3], into: 9, &sums) == [5, 3])
        #expect(Self.fit([5, 3], into: 4, &sums) == [3, 1])
        #expect(Self.fit([3, 5], into: 4, &sums) == [2, 2])
        #expect(Self.fit([7], into: 4, &sums) == [4])
        #expect(Self.fit([7, 8], into: 0, &sums) == [0, 0])
        #expect(Self.fit([], into: 9, &sums) == [])
        var random = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            let parts = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                UInt64.random(in: 0 ... .max, using: &random)
            }
            let whole = UInt64.random(in: 0...UInt64(UInt32.max), using: &random)
            let fitted = Self.fit(parts, into: whole, &sums)
            let sum = parts.reduce(UInt128(0)) { $0 + UInt128($1) }
            #expect(fitted.reduce(UInt128(0)) { $0 + UInt128($1) } == min(sum, UInt128(whole)))
        }
    }

    @Test func partsOfANameAreOneAndInTheOrderOfTheirFirst() {
        var sums = NameSums()
        for (name, nanoseconds) in [(4, 10), (1, 20), (4, 5)] { sums.add(UInt64(nanoseconds), name: name) }
        var parts: [[UInt64]] = []
        sums.take(atMost: 100) { parts.append([UInt64($0), $1]) }
        #expect(parts == [[4, 15], [1, 20]])
        sums.take(atMost: 100) { parts.append([UInt64($0), $1]) }
        #expect(parts.count == 2)
    }
}
