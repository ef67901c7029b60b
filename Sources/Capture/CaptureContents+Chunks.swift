// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension CaptureContents {
    /// Takes in one whole chunk; its I/Os go to `each`, its occupancies to `occupancy`.
    mutating func read(
        _ chunk: ChunkWalk.Chunk, of walk: inout ChunkWalk, occupancies occupancy: (CPUOccupancy) throws -> Void,
        _ each: (DirectIO) throws -> Void
    ) throws {
        let header = chunk.header
        guard let kind = ChunkKind(rawValue: header.kind) else {
            unknownChunks += 1
            return
        }
        guard header.flags == 0 || header.isShortened && RecordCoding(kind) != nil else {
            walk.report(.flags(header.flags), of: chunk, ios: header.ios)
            return
        }
        guard header.fits(kind.recordSize) else {
            walk.report(.count, of: chunk, ios: kind.isOfIOs ? nil : 0)
            return
        }
        func decoded<Value: Decodable>(_ type: Value.Type) -> Value? {
            let value = walk.withPayload(of: header) { ChunkJSON.decode(type, from: $0) }
            if value == nil { walk.report(.json, of: chunk, ios: 0) }
            return value
        }
        func records(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
            if try walk.withRecords(of: header, kind, body) == nil { walk.report(.packing, of: chunk, ios: header.ios) }
        }
        switch kind {
        case .session: walk.stop(at: chunk.offset, .secondSession)
        case .ios: try records { try readIOs($0, each) }
        case .waitedIOs: try records { try readWaitedIOs($0, each) }
        case .lives: try records { try readLives($0, each) }
        case .layeredIOs: try records { try readLayered($0, each) }
        case .deepIOs: try records { try readDeep($0, each) }
        case .occupancies: try records { try readOccupancies($0, occupancy) }
        case .fileUsers: fileUsers = decoded([FileUser].self) ?? fileUsers
        case .account: account = decoded(ApplicationAccount.self) ?? account
        case .files: files = decoded([FileName].self) ?? files
        case .places: places = decoded(HostTopology.self) ?? places
        case .cpus: cpus = decoded([CPUUse].self) ?? cpus
        case .threads: walk.withPayload(of: header) { readThreads($0) }
        case .devices: devices = decoded([DeviceName].self) ?? devices
        case .loss: recordedLoss = decoded([DataLoss].self) ?? recordedLoss
        case .end: end = decoded(RecordingEnd.self)
        case .bursts: keep(decoded([RecordedBurst].self) ?? [])
        case .sampling: sampling = decoded([SamplingStep].self) ?? sampling
        case .summary:
            if let stored = decoded(StoredSummary.self), !keep(stored) { walk.report(.json, of: chunk, ios: 0) }
        }
    }

    /// As many as an hour has that are 3 ms apart: bounds the memory of a reader.
    private static let mostBursts = 1 << 20

    private mutating func keep(_ further: [RecordedBurst]) {
        for burst in further {
            // Its end, which was not known at its begin.
            if bursts.last?.from == burst.from {
                bursts[bursts.count - 1] = burst
            } else if bursts.count < Self.mostBursts {
                bursts.append(burst)
            }
        }
    }

    /// More kinds than any recording has: bounds the memory of a reader.
    private static let mostKinds = 256

    private mutating func keep(_ stored: StoredSummary) -> Bool {
        guard summariesByKind.count < Self.mostKinds || summariesByKind[stored.number] != nil,
            let summary = IOSummary(stored)
        else { return false }
        summariesByKind[stored.number] = summary
        return true
    }

    /// The path of every I/O: no allocation, no copy of the record. `isIO` and `decode` are inlined into the loop.
    @inline(__always)
    private mutating func read<Record>(
        _ payload: UnsafeRawBufferPointer, isIO: (UnsafePointer<Record>) -> Bool,
        decode: (UnsafePointer<Record>) -> DirectIO, _ each: (DirectIO) throws -> Void
    ) rethrows {
        // The payload is in words, and the records' alignment is a word.
        let records = payload.assumingMemoryBound(to: Record.self)
        guard var record = records.baseAddress else { return }
        var parsed: UInt64 = 0
        for _ in records {
            if isIO(record) {
                try each(decode(record))
                parsed &+= 1
            }
            record += 1
        }
        count(records.count, parsed)
    }

    private mutating func readIOs(_ payload: UnsafeRawBufferPointer, _ each: (DirectIO) throws -> Void) rethrows {
        try read(
            payload, isIO: { (record: UnsafePointer<probe_io>) in record.pointee.isIO },
            decode: DirectIO.init(checked:), each)
    }

    private mutating func readWaitedIOs(_ payload: UnsafeRawBufferPointer, _ each: (DirectIO) throws -> Void) rethrows {
        try read(
            payload, isIO: { (record: UnsafePointer<probe_waited_io>) in record.pointee.isIO },
            decode: DirectIO.init(checked:), each)
    }

    private mutating func readLives(_ payload: UnsafeRawBufferPointer, _ each: (DirectIO) throws -> Void) rethrows {
        try read(
            payload, isIO: { (record: UnsafePointer<probe_life>) in record.pointee.isIO },
            decode: DirectIO.init(checked:), each)
    }

    private mutating func readLayered(_ payload: UnsafeRawBufferPointer, _ each: (DirectIO) throws -> Void) rethrows {
        try read(
            payload, isIO: { (record: UnsafePointer<probe_layered>) in record.pointee.isIO },
            decode: DirectIO.init(checked:), each)
    }

    private mutating func readDeep(_ payload: UnsafeRawBufferPointer, _ each: (DirectIO) throws -> Void) rethrows {
        try read(
            payload, isIO: { (record: UnsafePointer<probe_deep>) in record.pointee.isIO },
            decode: DirectIO.init(checked:), each)
    }

    private mutating func count(_ found: Int, _ parsed: UInt64) {
        ios &+= parsed
        records &+= UInt64(found)
        unparsedIOs &+= UInt64(found) &- parsed
    }

    private mutating func readOccupancies(_ payload: UnsafeRawBufferPointer, _ occupancy: (CPUOccupancy) throws -> Void)
        rethrows
    {
        for index in 0..<payload.count / RecordSize.occupancy {
            let record = payload.load(fromByteOffset: index * RecordSize.occupancy, as: probe_occupancy.self)
            if let occupied = CPUOccupancy(record: record) {
                try occupancy(occupied)
            } else {
                unparsedOthers &+= 1
            }
        }
    }

    private mutating func readThreads(_ payload: UnsafeRawBufferPointer) {
        for index in 0..<payload.count / RecordSize.task {
            let record = payload.load(fromByteOffset: index * RecordSize.task, as: probe_task.self)
            if let thread = ThreadName(record: record) {
                threads[thread.thread] = thread
            } else {
                unparsedOthers &+= 1
            }
        }
    }
}
