// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import Rendering
import Testing

/// Not a test of correctness: prints how many lines a second `list` writes. Only meaningful in a release build.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DIOSCOPE_SPEED"] != nil))
struct ListSpeedTests {
    @Test func listWritesJSONLines() {
        let list = IOList()
        let io = Recordings.io(3)
        var buffer: [UInt8] = []
        let rounds = 1000
        let took = ContinuousClock().measure {
            for _ in 0..<rounds {
                buffer.removeAll(keepingCapacity: true)
                for _ in 0..<1000 { list.appendJSON(IOListTests.listed(io), to: &buffer) }
            }
        }
        #expect(buffer.count > 500_000)
        print("IOList.appendJSON: \(Double(rounds) / 1000 / (took / .seconds(1))) million I/Os/s")
    }
}
