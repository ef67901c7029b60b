// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import FoundationEssentials
import SystemPackage

/// Writes a capture: the session, then records in chunks as they come, then the end mark.
///
/// The file is readable up to its last whole chunk at any moment. After a failed write the file is truncated to its
/// whole chunks and every later call throws the same error. Without `finish` the capture reads as cut.
public final class CaptureWriter {
    /// Records of I/Os in the file; those still buffered are not counted.
    public private(set) var iosWritten: UInt64 = 0
    /// Size of the file: whole chunks only.
    public private(set) var bytesWritten: UInt64 = 0
    /// Records that `append` could not place and dropped: unknown kind or wrong size.
    public private(set) var unparsed: UInt64 = 0

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let ios = RecordBuffer(.ios, recordSize: RecordSize.io)
    private let waitedIOs = RecordBuffer(.waitedIOs, recordSize: RecordSize.waitedIO)
    private let lives = RecordBuffer(.lives, recordSize: RecordSize.life)
    private let layeredIOs = RecordBuffer(.layeredIOs, recordSize: RecordSize.layered)
    private let deepIOs = RecordBuffer(.deepIOs, recordSize: RecordSize.deep)
    private let threads = RecordBuffer(.threads, recordSize: RecordSize.task)
    /// Few at a time: a reader keeps so many at least, to name them to the I/Os that follow.
    private let occupancies = RecordBuffer(.occupancies, recordSize: RecordSize.occupancy, capacity: 1024)
    private let columns: ColumnPacker?
    private let packer: ChunkPacker?
    private var isOpen = true
    private var failure: CaptureError?

    /// How records become shorter.
    public enum Packing: Sendable {
        case off
        /// In columns of bits: hardly more work than to write them as they are.
        case columns
        /// As short as can be, which takes ten times the work.
        case shortest
    }

    /// Creates the file and writes the session.
    /// - Throws: `exists`, `cannotCreate`, or a failed write, after which there is no file.
    public convenience init(
        creating path: FilePath, session: RecordingSession, packing: Packing = .off
    ) throws(CaptureError) {
        let descriptor = try Self.create(path)
        do throws(CaptureError) {
            try self.init(descriptor: descriptor, path: path, session: session, packing: packing)
        } catch {
            try? FileManager.default.removeItem(atPath: path.string)
            throw error
        }
    }

    /// For its owner alone: it names what ran on the machine.
    static func create(_ path: FilePath) throws(CaptureError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite)
        } catch {
            let errno = error as? Errno ?? .ioError
            throw errno == .fileExists ? .exists(path) : .cannotCreate(path, errno)
        }
    }

    /// Takes over `descriptor`, which is at the start of an empty file.
    init(
        descriptor: FileDescriptor, path: FilePath, session: RecordingSession?, packing: Packing = .off
    ) throws(CaptureError) {
        columns = packing == .columns ? ColumnPacker() : nil
        packer = packing == .shortest ? ChunkPacker() : nil
        self.path = path
        self.descriptor = descriptor
        var header = CaptureFormat.magic
        header.append(littleEndian: CaptureFormat.version.major)
        header.append(littleEndian: CaptureFormat.version.minor)
        header.append(littleEndian: UInt32(0))
        try write(header)
        if let session { try write(.session, json: session) }
    }

    /// Writes a chunk of another capture, shortened or as it is.
    /// - Parameter records: its records, if it has such and they could be read.
    func copy(
        _ header: ChunkHeader, _ payload: UnsafeRawBufferPointer, records: UnsafeRawBufferPointer?
    ) throws(CaptureError) {
        guard let kind = ChunkKind(rawValue: header.kind), let records,
            let packed = packer?.pack(kind, records), packed.count < payload.count
        else { return try write(header, payload) }
        try packed.withUnsafeBytes { packed in
            Result { () throws(CaptureError) in
                try write(kind, flags: ChunkFlag.packed, count: Int(header.count), payload: packed)
            }
        }.get()
    }

    /// Writes a chunk of another capture that was changed.
    func write(_ kind: ChunkKind, _ payload: [UInt8], count: Int) throws(CaptureError) {
        try payload.withUnsafeBytes { payload in
            Result { () throws(CaptureError) in
                kind.recordSize == nil
                    ? try write(kind, count: count, payload: payload) : try write(kind, payload, count: count)
            }
        }.get()
    }

    /// Closes a file that is whole.
    func close() throws(CaptureError) {
        isOpen = false
        do {
            try descriptor.close()
        } catch {
            throw writeError(error)
        }
    }

    deinit {
        if isOpen { try? descriptor.close() }
    }

    /// Takes one record as it came from the ring; its first byte says what it is. Writes when a buffer is full.
    public func append(_ record: UnsafeRawBufferPointer) throws(CaptureError) {
        switch record.count {
        case RecordSize.waitedIO: try append(record, PROBE_RECORD_WAITED_IO, RecordSize.waitedIO, to: waitedIOs)
        case RecordSize.io: try append(record, PROBE_RECORD_IO, RecordSize.io, to: ios)
        case RecordSize.life: try append(record, PROBE_RECORD_LIFE, RecordSize.life, to: lives)
        case RecordSize.layered: try append(record, PROBE_RECORD_LAYERED, RecordSize.layered, to: layeredIOs)
        case RecordSize.deep: try append(record, PROBE_RECORD_DEEP, RecordSize.deep, to: deepIOs)
        case RecordSize.occupancy: try append(record, PROBE_RECORD_OCCUPANCY, RecordSize.occupancy, to: occupancies)
        case RecordSize.task: try append(record, PROBE_RECORD_TASK, RecordSize.task, to: threads)
        default: unparsed &+= 1
        }
    }

    @inline(__always)
    private func append(
        _ record: UnsafeRawBufferPointer, _ kind: probe_record_kind, _ size: Int, to buffer: RecordBuffer
    ) throws(CaptureError) {
        guard let start = record.baseAddress, start.load(as: UInt8.self) == UInt8(truncatingIfNeeded: kind.rawValue)
        else { return unparsed &+= 1 }
        if buffer.isFull { try flush() }
        buffer.append(start, size: size)
    }

    /// Writes out what is buffered, as chunks. For the recorder about twice a second, so that a crash loses little.
    public func flush() throws(CaptureError) {
        try flush(threads)
        try flush(occupancies)
        try flush(deepIOs)
        try flush(layeredIOs)
        try flush(lives)
        try flush(waitedIOs)
        try flush(ios)
    }

    private func flush(_ buffer: RecordBuffer) throws(CaptureError) {
        guard buffer.count > 0 else { return }
        let (kind, count) = (buffer.kind, buffer.count)
        try buffer.take { records throws(CaptureError) in try write(kind, records, count: count) }
        if kind.isOfIOs { iosWritten &+= UInt64(count) }
    }

    private func write(_ kind: ChunkKind, _ records: UnsafeRawBufferPointer, count: Int) throws(CaptureError) {
        let inColumns = columns?.pack(kind, records) { payload in
            Result { () throws(CaptureError) in
                try write(kind, flags: ChunkFlag.columns, count: count, payload: payload)
            }
        }
        if let inColumns { return try inColumns.get() }
        guard let packed = packer?.pack(kind, records) else { return try write(kind, count: count, payload: records) }
        try packed.withUnsafeBytes { packed in
            Result { () throws(CaptureError) in
                try write(kind, flags: ChunkFlag.packed, count: count, payload: packed)
            }
        }.get()
    }

    /// Writes all devices known so far; the list replaces an earlier one.
    public func write(devices: [DeviceName]) throws(CaptureError) {
        try write(.devices, json: devices)
    }

    /// Writes the paths of files known so far; the list replaces an earlier one.
    public func write(files: [FileName]) throws(CaptureError) {
        try write(.files, json: files)
    }

    /// Writes what the traced application says of its I/Os itself.
    public func write(account: ApplicationAccount) throws(CaptureError) {
        try write(.account, json: account)
    }

    /// Writes all losses counted so far; the list replaces an earlier one.
    public func write(loss: [DataLoss]) throws(CaptureError) {
        try write(.loss, json: loss)
    }

    /// Writes what the CPUs did so far; the list replaces an earlier one.
    public func write(cpus: [CPUUse]) throws(CaptureError) {
        try write(.cpus, json: cpus)
    }

    /// Writes where the machine lets things run; replaces what was written before.
    public func write(places: HostTopology) throws(CaptureError) {
        try write(.places, json: places)
    }

    /// Writes who uses the files that had cached pages; the list replaces an earlier one.
    public func write(fileUsers: [FileUser]) throws(CaptureError) {
        try write(.fileUsers, json: fileUsers)
    }

    /// Writes from when on how many I/Os were recorded; the list replaces an earlier one.
    public func write(sampling: [SamplingStep]) throws(CaptureError) {
        try write(.sampling, json: sampling)
    }

    /// Writes further bursts, which have begun or ended since the last ones; of each the last one counts.
    public func write(bursts: [RecordedBurst]) throws(CaptureError) {
        try write(.bursts, json: bursts)
    }

    /// Writes what was aggregated so far of one kind of I/O; replaces what was written of it before.
    /// - Parameters:
    ///   - number: of the kind in this capture.
    ///   - numbers: the rows and the spreads as they follow a `probe_summary`.
    public func write(
        summary number: Int, of kind: probe_io_kind, _ sums: probe_summary, numbers: [UInt64]
    ) throws(CaptureError) {
        let stored = StoredSummary(
            number: UInt32(truncatingIfNeeded: number), kind: kind, sums: sums, numbers: numbers)
        // It can be read in the midst of a change; a moment later it adds up.
        guard stored.ios > 0, stored.isSound else { return }
        try write(.summary, text: stored.json)
    }

    /// Writes what is buffered and the end mark, and closes the file. The mark counts the I/Os that were written,
    /// whatever `end.ios` says.
    public func finish(_ end: RecordingEnd) throws(CaptureError) {
        try flush()
        var end = end
        end.ios = iosWritten
        try write(.end, json: end)
        try close()
    }

    private func write(_ kind: ChunkKind, json value: some Encodable) throws(CaptureError) {
        let payload: [UInt8]
        do {
            payload = try ChunkJSON.encode(value)
        } catch {
            throw .writeFailed(path, kept: bytesWritten, .invalidArgument)
        }
        try write(kind, text: payload)
    }

    private func write(_ kind: ChunkKind, text: [UInt8]) throws(CaptureError) {
        try text.withUnsafeBytes { payload in
            Result { () throws(CaptureError) in try write(kind, count: 1, payload: payload) }
        }.get()
    }

    private func write(
        _ kind: ChunkKind, flags: UInt16 = 0, count: Int, payload: UnsafeRawBufferPointer
    ) throws(CaptureError) {
        guard payload.count <= CaptureFormat.maximumPayload else { throw .chunkTooLong(path, bytes: payload.count) }
        let header = ChunkHeader(
            kind: kind, flags: flags, count: UInt32(truncatingIfNeeded: count), payload: payload)
        try write(header, payload)
    }

    private func write(_ header: ChunkHeader, _ payload: UnsafeRawBufferPointer) throws(CaptureError) {
        try write(header.bytes, payload)
    }

    /// Writes both parts, or none of them.
    private func write(_ head: [UInt8], _ payload: UnsafeRawBufferPointer? = nil) throws(CaptureError) {
        if let failure { throw failure }
        guard isOpen else { throw .finished(path) }
        do {
            try descriptor.writeAll(head)
            if let payload { try descriptor.writeAll(payload) }
            bytesWritten += UInt64(head.count + (payload?.count ?? 0))
        } catch {
            // Best effort: a reader copes with half a chunk, and a device cannot be truncated.
            try? descriptor.resize(to: Int64(clamping: bytesWritten))
            let error = writeError(error)
            failure = error
            throw error
        }
    }

    private func writeError(_ error: any Error) -> CaptureError {
        let errno = error as? Errno ?? .ioError
        return switch errno {
        case .noSpace, .diskQuotaExceeded: .diskFull(path, kept: bytesWritten, errno)
        default: .writeFailed(path, kept: bytesWritten, errno)
        }
    }
}
