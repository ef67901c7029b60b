// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import TestSupport
import Testing

@testable import Attribution

struct HoldLogTests {
    static func hold(
        _ name: String, from: Int, until: Int, cpu: UInt16 = 2, holder: CPUHolder = .otherTask
    ) -> CPUHold {
        func time(_ after: Int) -> Timestamp { Timestamp(nanoseconds: UInt64(Int(Life.submitted) + after)) }
        return CPUHold(cpu: cpu, holder: holder, thread: 7, from: time(from), until: time(until), name: name)
    }

    /// Parts by name of the wait from 52 to 152 us on CPU 2.
    static func parts(_ holds: [CPUHold], _ held: [CPUHolder: UInt32]) throws -> [String: UInt64] {
        var log = HoldLog()
        for hold in holds { log.add(hold) }
        let wait = try CPUWaitTests.wait(CPUWaitTests.waiting(held))
        let parts = log.parts(of: wait).map { (log.names[$0.name], $0.nanoseconds) }
        // The log is clean again: asked once more it says the same.
        #expect(log.parts(of: wait).map(\.nanoseconds) == parts.map(\.1))
        return Dictionary(uniqueKeysWithValues: parts)
    }

    @Test func onlyWhatOverlapsTheWaitOnItsCPUCounts() throws {
        let parts = try Self.parts(
            [
                Self.hold("before", from: 0, until: 52_000), Self.hold("into", from: 40_000, until: 60_000),
                Self.hold("elsewhere", from: 60_000, until: 90_000, cpu: 1),
                Self.hold("within", from: 61_000, until: 71_000), Self.hold("within", from: 80_000, until: 81_000),
                Self.hold("beyond", from: 150_000, until: 190_000), Self.hold("after", from: 152_000, until: 160_000),
            ], [.otherTask: 50_000])
        #expect(parts == ["into": 8_000, "within": 11_000, "beyond": 2_000])
    }

    @Test func aHoldersNamesGetNoMoreThanItHeld() throws {
        let holds = [
            Self.hold("a", from: 52_000, until: 62_000), Self.hold("b", from: 62_000, until: 72_000),
            Self.hold("c", from: 72_000, until: 82_000),
            Self.hold("work", from: 90_000, until: 95_000, holder: .poolWork),
        ]
        #expect(try Self.parts(holds, [.otherTask: 20_000]) == ["a": 6666, "b": 6667, "c": 6667])
        #expect(try Self.parts(holds, [.otherTask: 1, .poolWork: 9_000]) == ["c": 1, "work": 5_000])
        #expect(try Self.parts(holds, [.submitter: 20_000]) == [:])
    }

    @Test func sharesAreTheWholeWaitTheLargestFirst() throws {
        var log = HoldLog()
        log.add(Self.hold("b", from: 52_000, until: 62_000))
        log.add(Self.hold("a", from: 62_000, until: 92_000))
        let wait = try CPUWaitTests.wait(CPUWaitTests.waiting([.otherTask: 45_000, .idle: 20_000]))
        let shares = log.shares(of: wait)
        #expect(shares.map(\.cause) == [.unattributed, .otherTask, .idle, .otherTask, .otherTask])
        #expect(shares.map(\.name) == [nil, "a", nil, "b", nil])
        #expect(shares.map(\.nanoseconds) == [35_000, 30_000, 20_000, 10_000, 5_000])
    }

    @Test func holdsAndNamesAreBounded() throws {
        var log = HoldLog()
        for index in 0..<10_000 {
            log.add(Self.hold("task \(index)", from: 52_000 + index, until: 52_001 + index))
            log.add(Self.hold("", from: 52_000, until: 152_000))
            log.add(Self.hold("far", from: 52_000, until: 152_000, cpu: .max))
            log.add(Self.hold("backwards", from: 152_000, until: 52_000))
            log.add(Self.hold("submitter", from: 52_000, until: 152_000, holder: .submitter))
        }
        #expect(log.names.count == HoldLog.namesInAll)
        let last = HoldLog.namesInAll - 1
        let wait = try CPUWaitTests.wait(CPUWaitTests.waiting([.otherTask: 90_000]))
        let parts = log.parts(of: wait)
        #expect(parts.count == HoldLog.holdsOfACPU)
        #expect(parts.first.map { log.names[$0.name] } == "task \(last)")
        log.add(Self.hold(String(repeating: "é", count: 1 << 16), from: 60_000, until: 61_000, cpu: 3))
        #expect(log.names.allSatisfy { $0.utf8.count <= 64 })
    }
}
