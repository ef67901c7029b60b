// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import Report
import Testing

/// Not a test of correctness: tells how many I/Os a second the builder takes. Only meaningful in a release build:
/// `DIOSCOPE_SPEED=1 swift test -c release -Xswiftc -enable-testing --filter SpeedTests`
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DIOSCOPE_SPEED"] != nil))
struct SpeedTests {
    @Test func reportBuilderTakesIOs() {
        let ios = ReportBuilderTests.mixed(100_000)
        let rounds = 50
        var builder = ReportBuilder(rule: .defersWrites)
        let took = ContinuousClock().measure {
            for _ in 0..<rounds {
                for io in ios { builder.add(io) }
            }
        }
        let report = builder.finish(source: ReportSource(kind: "test", isComplete: true), loss: [])
        #expect(report.ios.total == UInt64(ios.count * rounds))
        let million = Double(ios.count * rounds) / 1e6
        print("ReportBuilder.add: \(million / (took / .seconds(1))) million I/Os/s")
    }
}
