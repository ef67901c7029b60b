// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import TestSupport
import Testing

@testable import Attribution

struct OccupancyLogTests {
    static func occupancy(
        _ name: String, from: Int, until: Int, cpu: UInt16 = 2, occupant: CPUOccupant = .otherTask
    ) -> CPUOccupancy {
        func time(_ after: Int) -> Timestamp { Timestamp(nanoseconds: UInt64(Int(Life.submitted) + after)) }
        return CPUOccupancy(cpu: cpu, occupant: occupant, thread: 7, from: time(from), until: time(until), name: name)
    }

    /// Parts by name of the wait from 52 to 152 us on CPU 2.
    static func parts(_ occupancies: [CPUOccupancy], _ occupied: [CPUOccupant: UInt32]) throws -> [String: UInt64] {
        var log = OccupancyLog()
        for occupancy in occupancies { log.add(occupancy) }
        let wait = try CPUWaitTests.wait(CPUWaitTests.waiting(occupied))
        let parts = log.parts(of: wait).map { (log.names[$0.name], $0.nanoseconds) }
        // The log is clean again: asked once more it says the same.
        #expect(log.parts(of: wait).map(\.nanoseconds) == parts.map(\.1))
        return Dictionary(uniqueKeysWithValues: parts)
    }

    @Test func onlyWhatOverlapsTheWaitOnItsCPUCounts() throws {
        let parts = try Self.parts(
            [
                Self.occupancy("before", from: 0, until: 52_000), Self.occupancy("into", from: 40_000, until: 60_000),
                Self.occupancy("elsewhere", from: 60_000, until: 90_000, cpu: 1),
                Self.occupancy("within", from: 61_000, until: 71_000),
                Self.occupancy("within", from: 80_000, until: 81_000),
                Self.occupancy("beyond", from: 150_000, until: 190_000),
                Self.occupancy("after", from: 152_000, until: 160_000),
            ], [.otherTask: 50_000])
        #expect(parts == ["into": 8_000, "within": 11_000, "beyond": 2_000])
    }

    @Test func theNamesOfAnOccupantGetNoMoreThanItsTime() throws {
        let occupancies = [
            Self.occupancy("a", from: 52_000, until: 62_000), Self.occupancy("b", from: 62_000, until: 72_000),
            Self.occupancy("c", from: 72_000, until: 82_000),
            Self.occupancy("work", from: 90_000, until: 95_000, occupant: .poolWork),
        ]
        #expect(try Self.parts(occupancies, [.otherTask: 20_000]) == ["a": 6666, "b": 6667, "c": 6667])
        #expect(try Self.parts(occupancies, [.otherTask: 1, .poolWork: 9_000]) == ["c": 1, "work": 5_000])
        #expect(try Self.parts(occupancies, [.submitter: 20_000]) == [:])
    }

    @Test func sharesAreTheWholeWaitTheLargestFirst() throws {
        var log = OccupancyLog()
        log.add(Self.occupancy("b", from: 52_000, until: 62_000))
        log.add(Self.occupancy("a", from: 62_000, until: 92_000))
        let wait = try CPUWaitTests.wait(CPUWaitTests.waiting([.otherTask: 45_000, .idle: 20_000]))
        let shares = log.shares(of: wait)
        #expect(shares.map(\.cause) == [.unattributed, .otherTask, .idle, .otherTask, .otherTask])
        #expect(shares.map(\.name) == [nil, "a", nil, "b", nil])
        #expect(shares.map(\.nanoseconds) == [35_000, 30_000, 20_000, 10_000, 5_000])
    }

    @Test func holdsAndNamesAreBounded() throws {
        var log = OccupancyLog()
        for index in 0..<10_000 {
            log.add(Self.occupancy("task \(index)", from: 52_000 + index, until: 52_001 + index))
            log.add(Self.occupancy("", from: 52_000, until: 152_000))
            log.add(Self.occupancy("far", from: 52_000, until: 152_000, cpu: .max))
            log.add(Self.occupancy("backwards", from: 152_000, until: 52_000))
            log.add(Self.occupancy("submitter", from: 52_000, until: 152_000, occupant: .submitter))
        }
        #expect(log.names.count == OccupancyLog.namesInAll)
        let last = OccupancyLog.namesInAll - 1
        let wait = try CPUWaitTests.wait(CPUWaitTests.waiting([.otherTask: 90_000]))
        let parts = log.parts(of: wait)
        #expect(parts.count == OccupancyLog.occupanciesOfACPU)
        #expect(parts.first.map { log.names[$0.name] } == "task \(last)")
        log.add(Self.occupancy(String(repeating: "é", count: 1 << 16), from: 60_000, until: 61_000, cpu: 3))
        #expect(log.names.allSatisfy { $0.utf8.count <= 64 })
    }
}
