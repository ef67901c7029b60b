// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import SystemPackage
import Testing

struct RoundTripTests {
    @Test func randomLivesComeBackAsTheyWere() throws {
        let sample = SampleCapture(ios: 10_007, flushEvery: 9_001)
        try withTemporaryDirectory { directory in
            let path = directory.appending("sample.dioscope")
            try sample.write(to: path)
            let reader = try CaptureReader(path: path)
            let content = try CaptureContent(reader)
            #expect(sample.equals(content))
            #expect(content.summary.isComplete)
            #expect(content.summary.damage.isEmpty)
            #expect(content.summary.loss == sample.loss)
            #expect(reader.version == CaptureVersion(major: 1, minor: 9))

            let again = try CaptureContent(reader)
            #expect(sample.equals(again))
        }
    }

    @Test func fileIsAsDocumented() throws {
        let sample = SampleCapture(ios: 23, flushEvery: 10)
        let bytes = try sample.bytes()
        #expect(Array(bytes.prefix(16)) == ChunkBytes.fileHeader())
        let chunks = ChunkBytes.layout(of: bytes)
        #expect(chunks.map(\.kind) == [1, 4, 3, 2, 2, 5, 2, 6])
        #expect(chunks.filter { $0.kind == 2 }.map(\.count) == [10, 10, 3])
        let first = chunks[3]
        #expect(Array(bytes[first.start..<first.end]) == ChunkBytes.ios(Array(sample.ios.prefix(10))))
    }

    @Test func handMadeCaptureIsRead() throws {
        let lives = SampleCapture(ios: 23, flushEvery: 1).ios
        let content = try CaptureContent(ChunkBytes.capture(ChunkBytes.ios(lives), ChunkBytes.end(ios: 23)))
        #expect(content.ios == lives)
        #expect(content.summary.isComplete)
        #expect(content.summary.end == RecordingEnd(wall: 1, monotonic: 2, ios: 23))
    }

    @Test func lastNameOfAThreadWins() throws {
        var sample = SampleCapture(ios: 0, flushEvery: 1)
        sample.threads = ["bash", "fio"].map { ThreadName(thread: 5, process: 5, name: $0) }
        #expect(try CaptureContent(sample.bytes()).summary.threads[5]?.name == "fio")
    }

    @Test func lastListOfDevicesAndLossCounts() throws {
        let content = try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let sample = SampleCapture(ios: 0, flushEvery: 1)
            let writer = try CaptureWriter(creating: path, session: sample.session)
            try writer.write(devices: [])
            try writer.write(loss: sample.loss)
            try writer.write(devices: sample.devices)
            try writer.write(loss: sample.loss + sample.loss)
            try writer.write(fileUsers: [])
            try writer.write(fileUsers: [Self.user])
            try writer.finish(sample.end)
            return try CaptureContent(CaptureReader(path: path))
        }
        let sample = SampleCapture(ios: 0, flushEvery: 1)
        #expect(content.summary.devices == sample.devices)
        #expect(content.summary.recordedLoss == sample.loss + sample.loss)
        #expect(content.summary.fileUsers == [Self.user])
        // Nobody looked, which is not the same as nobody there.
        #expect(try CaptureContent(sample.bytes()).summary.fileUsers == nil)
    }

    private static let user = FileUser(
        device: DeviceNumber(major: 259, minor: 1), inode: .max, process: 7, name: "\u{1b}[31m", isMapped: true)

    @Test func whoHeldTheCPUComesBackBeforeTheIOs() throws {
        var lives = SampleCapture(ios: 40, flushEvery: 1).ios
        for index in lives.indices {
            let first = UInt32(index) * 1_000_000
            lives[index].queueWaitOccupants = OccupantTimes(nanoseconds: SIMD8(first, 1, 2, 3, 4, 5, 6, .max))
            lives[index].taskWorkOccupants = OccupantTimes(nanoseconds: SIMD8(9, 8, 7, 6, 5, 4, 3, first))
        }
        let occupancies = (0..<3).map {
            CPUOccupancy(
                cpu: UInt16($0), occupant: $0 == 1 ? .poolWork : .otherTask, thread: 40 + UInt32($0),
                from: Timestamp(nanoseconds: 5), until: Timestamp(nanoseconds: .max), name: "\u{1b}hog \($0)")
        }
        let use = [
            CPUUse(
                cpu: 3, occupied: Array(1...8), submitterRuns: 1, workerRuns: 2, works: 3, submitterDisplaced: .max,
                reaping: CPUUse.Reaping(asleep: 4, time: 5, awake: 6))
        ]
        var seen: [String] = []
        var ios: [DirectIO] = []
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let sample = SampleCapture(ios: 0, flushEvery: 1)
            let writer = try CaptureWriter(creating: path, session: sample.session)
            for io in lives { try withUnsafeBytes(of: probe_waited_io(io)) { try writer.append($0) } }
            for occupancy in occupancies {
                try withUnsafeBytes(of: probe_occupancy(occupancy)) { try writer.append($0) }
            }
            try writer.write(cpus: use)
            try writer.finish(sample.end)
            let summary = try CaptureReader(path: path).read { occupancy in
                seen.append(occupancy.name)
                #expect(occupancies.contains(occupancy))
            } _: { io in
                seen.append("io")
                ios.append(io)
            }
            #expect(summary.cpus == use)
            #expect(summary.isComplete)
            #expect(summary.ios == 40)
            #expect(summary.unparsed == 0)
        }
        #expect(ios == lives)
        #expect(seen == occupancies.map(\.name) + Array(repeating: "io", count: 40))
    }

    /// Of the longest kinds of record.
    private func isLayered(_ io: DirectIO) -> Bool { io.path != nil || io[.resumed] != nil }

    private func isDeep(_ io: DirectIO) -> Bool {
        io.path?.layers.contains { $0.throttled != 0 || $0.firstIssued != 0 } ?? false || io.path?.layers.count ?? 0 > 4
    }

    @Test(arguments: [CaptureWriter.Packing.off, .columns, .shortest])
    func livesWithMoreInThemComeBack(packing: CaptureWriter.Packing) throws {
        var random = SplitMix(state: 5)
        let lives = SampleCapture(ios: 300, flushEvery: 1).ios.map { io in
            var io = io
            io.further = .random(using: &random)
            io.further.marks.remove(.topUnseen)
            io[.returned] = Timestamp(nanoseconds: .random(in: 1 ... .max, using: &random))
            io[.requested] = Timestamp(nanoseconds: .random(in: 1 ... .max, using: &random))
            if io.issued != nil { io.further.lastIssued = .random(in: 1 ... .max, using: &random) }
            for point in [LifePoint.raised, .hopQueued, .hopStarted] { io.times[point] = random.next() }
            // Every other one came through layers, or its submitter slept.
            if random.next() % 4 == 0 {
                let resumed: UInt64 = .random(in: 8...70_000, using: &random)
                io[.fellAsleep] = Timestamp(nanoseconds: io.submitted.nanoseconds + 256 * 7)
                io[.resumed] = Timestamp(nanoseconds: io.submitted.nanoseconds + 256 * resumed)
            } else if random.next() % 2 == 0 {
                io.path = .random(submitted: io.submitted.nanoseconds, using: &random)
            }
            if let path = io.path, let top = path.layers.first, top.entered != 0,
                path.layers.count > 1 || io.issued == nil
            {
                io.times[.issued] = top.entered
                for point in [LifePoint.returned, .requested] where io.times[point] > top.entered {
                    io.times[point] = 0
                }
                if top.throttled != 0, io.times[.returned] != 0 { io.times[.requested] = top.entered }
            }
            return io
        }
        var ios: [DirectIO] = []
        try withTemporaryDirectory { directory in
            let path = directory.appending("a.dioscope")
            let sample = SampleCapture(ios: 0, flushEvery: 1)
            let writer = try CaptureWriter(creating: path, session: sample.session, packing: packing)
            for io in lives where !isLayered(io) {
                try withUnsafeBytes(of: probe_life(io)) { try writer.append($0) }
            }
            for io in lives where isLayered(io) && !isDeep(io) {
                try withUnsafeBytes(of: probe_layered(io)) { try writer.append($0) }
            }
            for io in lives where isDeep(io) {
                try withUnsafeBytes(of: probe_deep(io)) { try writer.append($0) }
            }
            try writer.finish(sample.end)
            let summary = try CaptureReader(path: path).read { ios.append($0) }
            #expect(summary.isComplete)
            #expect(summary.unparsed == 0)
            #expect(summary.end?.ios == 300)
        }
        // Kind by kind, the longest first.
        let layered = lives.filter(isLayered)
        #expect(
            ios == layered.filter(isDeep) + layered.filter { !isDeep($0) } + lives.filter { !isLayered($0) })
    }

    @Test func unknownKindsAndRecordsAreCounted() throws {
        let lives = SampleCapture(ios: 3, flushEvery: 1).ios
        var records = lives.map { probe_io($0) }
        records[1].kind = 77
        let payload = records.flatMap { withUnsafeBytes(of: $0, Array.init) }
        let content = try CaptureContent(
            ChunkBytes.capture(
                ChunkBytes.chunk(kind: 900, [1, 2, 3]), ChunkBytes.chunk(kind: 2, count: 3, payload),
                ChunkBytes.end(ios: 3)))
        #expect(content.ios == [lives[0], lives[2]])
        #expect(content.summary.unparsed == 1)
        #expect(content.summary.unknownChunks == 1)
        #expect(content.summary.isComplete)
        #expect(content.summary.loss.map(\.what) == ["capture-unparsed", "capture-unknown-chunks"])
    }

    @Test func sessionOfALaterMinorIsRead() throws {
        let json = ChunkBytes.sessionJSON
            .replacing("\"completionRule\":\"unknown\"", with: "\"completionRule\":\"by-dice\",\"colour\":[{}]")
        let bytes = ChunkBytes.fileHeader(minor: 9, flags: 1) + ChunkBytes.session(json) + ChunkBytes.end(ios: 0)
        let content = try CaptureContent(bytes)
        #expect(content.session.completionRule == .unknown)
        #expect(content.summary.isComplete)
    }

    @Test func errorOfTheConsumerEndsTheReading() throws {
        struct Enough: Error {}
        let reader = try CaptureReader(bytes: SampleCapture(ios: 9, flushEvery: 2).bytes(), name: "memory")
        var seen = 0
        #expect(throws: Enough.self) {
            try reader.read { _ in
                seen += 1
                if seen == 3 { throw Enough() }
            }
        }
        #expect(seen == 3)
    }
}
