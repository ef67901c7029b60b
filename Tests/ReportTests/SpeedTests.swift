// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import Report
import Testing

/// Not a test of correctness: prints how many I/Os a second of CPU time the builder takes. Only meaningful in a release build:
/// `DIOSCOPE_SPEED=1 swift test -c release -Xswiftc -enable-testing --filter SpeedTests`
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["DIOSCOPE_SPEED"] != nil))
struct SpeedTests {
    @Test func reportBuilderTakesIOs() {
        measure("without clocks", ReportBuilderTests.mixed(100_000))
    }

    @Test func reportBuilderTakesIOsWithCauses() {
        var ios = ReportBuilderTests.mixed(100_000)
        for index in ios.indices where ios[index].workQueued != nil {
            ios[index].queueWaitOccupants[.submitter] = 300
            ios[index].queueWaitOccupants[.otherTask] = 500
        }
        measure("a third with clocks", ios)
        let occupancies = ios.filter { $0.workQueued != nil }.compactMap { io -> CPUOccupancy? in
            guard let from = io.workQueued, let until = io.workStarted else { return nil }
            return CPUOccupancy(cpu: 1, occupant: .otherTask, thread: 1, from: from, until: until, name: "hog")
        }
        measure("a third with clocks, and as many names", ios, occupancies)
    }

    private func measure(_ what: String, _ ios: [DirectIO], _ occupancies: [CPUOccupancy] = []) {
        let rounds = 50
        var builder = ReportBuilder(rule: .defersWrites)
        // CPU time: others use the machine too.
        let began = clock()
        do {
            for _ in 0..<rounds {
                var next = 0
                for io in ios {
                    if io.workQueued != nil, next < occupancies.count {
                        builder.add(occupancies[next])
                        next += 1
                    }
                    builder.add(io)
                }
            }
        }
        let seconds = Double(clock() - began) / Double(CLOCKS_PER_SEC)
        let report = builder.finish(source: ReportSource(kind: "test", isComplete: true), loss: [])
        #expect(report.ios.total == UInt64(ios.count * rounds))
        let million = Double(ios.count * rounds) / 1e6
        print("ReportBuilder.add, \(what): \(million / seconds) million I/Os a CPU second")
    }
}
