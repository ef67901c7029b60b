// SPDX-License-Identifier: GPL-2.0-only

import Selection
import Testing

@Suite struct SpellingTests {
    private static let names = ["latency", "device", "dev", "op"]

    @Test(arguments: [
        ("latancy", "latency"), ("ltaency", "latency"), ("devise", "device"), ("Latency", "latency"),
        ("lat", "latency"),
        ("de", "dev"),
    ])
    func slipsAreFound(_ word: String, _ name: String) {
        #expect(Spelling.nearest(to: word, among: Self.names) == name)
    }

    @Test(arguments: ["colour", "", "zzzz", String(repeating: "latency", count: 100)])
    func otherWordsAreNot(_ word: String) {
        #expect(Spelling.nearest(to: word, among: Self.names) == nil)
    }
}
