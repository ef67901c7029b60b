// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Rendering

struct QuantityTests {
    @Test(arguments: [
        (0.0, "0ns"), (1, "1ns"), (999, "999ns"), (999.4, "999ns"), (999.6, "1.00us"), (1000, "1.00us"),
        (1044, "1.04us"), (12_345, "12.3us"), (99_949, "99.9us"), (99_950, "100us"), (999_499, "999us"),
        (999_500, "1.00ms"), (1_100_000, "1.10ms"), (5.4e12, "5400s"), (1.8446744073709552e19, "18446744074s"),
    ])
    func durationsHaveThreeFigures(nanoseconds: Double, expected: String) {
        #expect(Quantity.duration(nanoseconds) == expected)
    }

    @Test func sharesNeverRoundToNothingOrAll() {
        #expect(Quantity.percent(0) == "0%")
        #expect(Quantity.percent(0.0004) == "<0.1%")
        #expect(Quantity.percent(0.549) == "54.9%")
        #expect(Quantity.percent(0.9999) == ">99.9%")
        #expect(Quantity.percent(1) == "100.0%")
        #expect(Quantity.wholePercent(0) == "0%")
        #expect(Quantity.wholePercent(0.004) == "<1%")
        #expect(Quantity.wholePercent(0.996) == ">99%")
        #expect(Quantity.wholePercent(1) == "100%")
    }

    @Test func countsAndSizes() {
        #expect(Quantity.count(0) == "0")
        #expect(Quantity.count(999) == "999")
        #expect(Quantity.count(98_412) == "98,412")
        #expect(Quantity.count(1_000_000) == "1,000,000")
        #expect(Quantity.bytes(512) == "512")
        #expect(Quantity.bytes(4096) == "4k")
        #expect(Quantity.bytes(4097) == "4097")
        #expect(Quantity.bytes(1 << 20) == "1M")
        #expect(Quantity.bytes(0) == "0")
    }
}
