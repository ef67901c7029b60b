// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import SwiftProtobuf
import TestSupport
import Testing

@testable import Exports

@Suite struct PerfettoExportTests {
    private static func trace(_ ios: [ListedIO], limit: Int = 10_000) throws -> PerfettoTrace {
        try PerfettoTrace(serializedBytes: Samples.bytes(PerfettoExport(threads: Samples.threads, limit: limit), ios))
    }

    /// On each track, what begins ends, in order, and inside of what was open.
    private static func checkNesting(_ trace: PerfettoTrace) {
        var open: [UInt64: Int] = [:]
        var last: [UInt64: UInt64] = [:]
        var tracks: Set<UInt64> = []
        for packet in trace.packet {
            switch packet.data {
            case .trackDescriptor(let track): #expect(tracks.insert(track.uuid).inserted)
            case .trackEvent(let event):
                #expect(tracks.contains(event.trackUuid))
                #expect(packet.timestampClockID == 3)
                if event.type == 3 { continue }
                #expect(packet.timestamp >= last[event.trackUuid, default: 0])
                last[event.trackUuid] = packet.timestamp
                open[event.trackUuid, default: 0] += event.type == 1 ? 1 : -1
                #expect(open[event.trackUuid, default: 0] >= 0)
            case .clockSnapshot(let snapshot): #expect(snapshot.primaryTraceClock == 3)
            case nil: Issue.record("a packet without data")
            }
        }
        #expect(open.values.allSatisfy { $0 == 0 })
    }

    private static func begins(_ trace: PerfettoTrace) -> [PerfettoTrackEvent] {
        trace.packet.map(\.trackEvent).filter { $0.type == 1 }
    }

    @Test func tracksForCPUsThreadsAndIOs() throws {
        let trace = try Self.trace(Samples.deferred(10))
        Self.checkNesting(trace)
        let tracks = trace.packet.filter {
            $0.data.map { if case .trackDescriptor = $0 { true } else { false } } ?? false
        }
        .map(\.trackDescriptor)
        // 118 us each, 2 us apart: all ten are in flight together.
        #expect(tracks.filter { $0.name == "I/O" }.count == 10)
        #expect(Set(tracks.map(\.name)).isSuperset(of: ["I/Os in flight", "CPUs", "CPU 2"]))
        let threads = tracks.filter(\.hasThread).map(\.thread)
        #expect(threads.map(\.tid) == [77, 100])
        #expect(threads[1].pid == 99)
        #expect(!threads[1].threadName.contains("\u{1b}"))
    }

    @Test func whatAPartOfALifeDoesNotTellIsNoAnnotation() throws {
        let begins = Self.begins(try Self.trace(Samples.partial)).filter { !$0.debugAnnotations.isEmpty }
        #expect(
            begins.map { $0.debugAnnotations.map(\.name) } == [
                ["latency_ns", "context", "issuer", "dev", "offset", "length"], ["context", "issuer"],
            ])
        #expect(begins.map(\.name) == ["read 4096", "completion"])
    }

    @Test func lanesAreUsedAgain() throws {
        // After 118 us the first lane is free.
        let trace = try Self.trace(Samples.deferred(200))
        #expect(trace.packet.filter { $0.trackDescriptor.name == "I/O" }.count == 59)
    }

    @Test func arrowsGoFromSubmissionToTheLastPart() throws {
        let trace = try Self.trace(Samples.deferred(1))
        let tied = trace.packet.filter { !$0.trackEvent.flowIds.isEmpty || !$0.trackEvent.terminatingFlowIds.isEmpty }
            .sorted { $0.timestamp < $1.timestamp }.map(\.trackEvent)
        #expect(
            tied.map(\.name) == [
                "submit", "irq -> end_io", "end_io -> queue_work", "iomap_dio_complete", "iomap_dio_complete",
            ])
        #expect(tied.filter { $0.terminatingFlowIds == [1] }.count == 1)
        #expect(tied.filter { $0.flowIds == [1] }.count == 4)
    }

    @Test func anIOTellsWhatItWas() throws {
        let whole = try #require(Self.begins(try Self.trace(Samples.deferred(1))).first)
        #expect(whole.name == "write 4096")
        let facts = Dictionary(uniqueKeysWithValues: whole.debugAnnotations.map { ($0.name, $0) })
        #expect(facts["latency_ns"]?.uintValue == 118_000)
        #expect(facts["context"]?.stringValue == "kworker")
        #expect(facts["queue_wait: submitter"]?.uintValue == 30_000)
    }

    @Test func limitIsCounted() {
        let export = PerfettoExport(threads: [:], limit: 10)
        for io in Samples.deferred(25) { export.add(io) }
        #expect(export.left == 15)
    }

    @Test func hostileLivesStillNest() throws {
        Self.checkNesting(try Self.trace(Samples.random(1000)))
        #expect(Samples.bytes(PerfettoExport(threads: [:], limit: 1), []).isEmpty)
    }

    @Test func lanes() {
        var lanes = Lanes()
        #expect(lanes.place(from: 0, until: 100) == 0)
        #expect(lanes.place(from: 10, until: 50) == 0)
        #expect(lanes.place(from: 20, until: 60) == 1)
        #expect(lanes.place(from: 50, until: 100) == 0)
        #expect(lanes.place(from: 100, until: 101) == 0)
        #expect(lanes.placeAlone(from: 100, until: 200) == 1)
    }
}
