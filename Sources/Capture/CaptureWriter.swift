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
    private var ios = RecordBuffer(.ios, recordSize: RecordSize.io)
    private var waitedIOs = RecordBuffer(.waitedIOs, recordSize: RecordSize.waitedIO)
    private var threads = RecordBuffer(.threads, recordSize: RecordSize.task)
    /// Few at a time: a reader keeps so many at least, to name them to the I/Os that follow.
    private var holds = RecordBuffer(.holds, recordSize: RecordSize.hold, capacity: 1024)
    private let packer: ChunkPacker?
    private var queue: PackingQueue?
    private var isOpen = true
    private var failure: CaptureError?

    /// How records become shorter.
    public enum Packing: Sendable {
        case off
        /// At once.
        case inLine
        /// On a thread that takes only what CPU time nobody else wants; what it does not come round to in time is
        /// written as it is. `writePacked` is to be called often.
        case beside
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

    static func create(_ path: FilePath) throws(CaptureError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            let errno = error as? Errno ?? .ioError
            throw errno == .fileExists ? .exists(path) : .cannotCreate(path, errno)
        }
    }

    /// Takes over `descriptor`, which is at the start of an empty file.
    init(
        descriptor: FileDescriptor, path: FilePath, session: RecordingSession?, packing: Packing = .off
    ) throws(CaptureError) {
        packer = packing == .off ? nil : ChunkPacker()
        queue = packing == .beside ? PackingQueue() : nil
        self.path = path
        self.descriptor = descriptor
        var header = CaptureFormat.magic
        header.append(littleEndian: CaptureFormat.version.major)
        header.append(littleEndian: CaptureFormat.version.minor)
        header.append(littleEndian: UInt32(0))
        try write(header)
        if let session { try write(.session, json: session) }
    }

    /// Writes a chunk of another capture as it is, or its records packed.
    func copy(_ header: ChunkHeader, _ payload: UnsafeRawBufferPointer) throws(CaptureError) {
        if header.flags == 0, let kind = ChunkKind(rawValue: header.kind), let packed = packer?.pack(kind, payload) {
            return try write(kind, flags: ChunkFlag.packed, count: Int(header.count), payload: packed)
        }
        try write(header.bytes, Array(payload))
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
        endQueue()
        if isOpen { try? descriptor.close() }
    }

    /// Takes one record as it came from the ring; its first byte says what it is. Writes when a buffer is full.
    public func append(_ record: UnsafeRawBufferPointer) throws(CaptureError) {
        switch record.first.map({ probe_record_kind(rawValue: UInt32($0)) }) {
        case PROBE_RECORD_IO where record.count == RecordSize.io:
            if ios.isFull { try flush() }
            ios.append(record)
        case PROBE_RECORD_WAITED_IO where record.count == RecordSize.waitedIO:
            if waitedIOs.isFull { try flush() }
            waitedIOs.append(record)
        case PROBE_RECORD_HOLD where record.count == RecordSize.hold:
            if holds.isFull { try flush() }
            holds.append(record)
        case PROBE_RECORD_TASK where record.count == RecordSize.task:
            if threads.isFull { try flush() }
            threads.append(record)
        default:
            unparsed &+= 1
        }
    }

    /// Writes those chunks that were packed meanwhile, or have waited for it long enough.
    public func writePacked() throws(CaptureError) {
        while let (chunk, isPacked) = queue?.next() { try write(chunk, isPacked: isPacked) }
    }

    /// Writes out what is buffered, as chunks, or lets them be packed first. For the recorder about twice a second, so
    /// that a crash loses little.
    public func flush() throws(CaptureError) {
        try flush(&threads)
        try flush(&holds)
        try flush(&waitedIOs)
        try flush(&ios)
    }

    private func endQueue() {
        queue?.end()
        queue = nil
    }

    private func flush(_ buffer: inout RecordBuffer) throws(CaptureError) {
        guard buffer.count > 0 else { return }
        let kind = buffer.kind
        let count = buffer.count
        guard queue != nil else {
            try writePacking(PackingQueue.Chunk(kind: kind, count: count, payload: buffer.bytes))
            return buffer.clear()
        }
        queue?.append(PackingQueue.Chunk(kind: kind, count: count, payload: buffer.bytes))
        buffer.clear()
        try writePacked()
    }

    private func writePacking(_ chunk: PackingQueue.Chunk) throws(CaptureError) {
        guard let packer, let packed = chunk.payload.withUnsafeBytes({ packer.pack(chunk.kind, $0) }) else {
            return try write(chunk, isPacked: false)
        }
        try write(PackingQueue.Chunk(kind: chunk.kind, count: chunk.count, payload: packed), isPacked: true)
    }

    private func write(_ chunk: PackingQueue.Chunk, isPacked: Bool) throws(CaptureError) {
        try write(chunk.kind, flags: isPacked ? ChunkFlag.packed : 0, count: chunk.count, payload: chunk.payload)
        if chunk.kind.isOfIOs { iosWritten &+= UInt64(chunk.count) }
    }

    /// Writes all devices known so far; the list replaces an earlier one.
    public func write(devices: [DeviceName]) throws(CaptureError) {
        try write(.devices, json: devices)
    }

    /// Writes all losses counted so far; the list replaces an earlier one.
    public func write(loss: [DataLoss]) throws(CaptureError) {
        try write(.loss, json: loss)
    }

    /// Writes what the CPUs did so far; the list replaces an earlier one.
    public func write(cpus: [CPUUse]) throws(CaptureError) {
        try write(.cpus, json: cpus)
    }

    /// Writes where the box lets things run; replaces what was written before.
    public func write(places: CPUPlaces) throws(CaptureError) {
        try write(.places, json: places)
    }

    /// Writes who uses the files that had cached pages; the list replaces an earlier one.
    public func write(fileUsers: [FileUser]) throws(CaptureError) {
        try write(.fileUsers, json: fileUsers)
    }

    /// Writes what is buffered and the end mark, and closes the file. The mark counts the I/Os that were written,
    /// whatever `end.ios` says.
    public func finish(_ end: RecordingEnd) throws(CaptureError) {
        defer { endQueue() }
        try flush()
        // Few: no longer than a moment's work.
        for chunk in queue?.takeAll() ?? [] { try writePacking(chunk) }
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
        try write(kind, count: 1, payload: payload)
    }

    private func write(_ kind: ChunkKind, flags: UInt16 = 0, count: Int, payload: [UInt8]) throws(CaptureError) {
        guard payload.count <= CaptureFormat.maximumPayload else { throw .chunkTooLong(path, bytes: payload.count) }
        let header = payload.withUnsafeBytes {
            ChunkHeader(kind: kind, flags: flags, count: UInt32(truncatingIfNeeded: count), payload: $0)
        }
        try write(header.bytes, payload)
    }

    /// Writes all parts, or none of them.
    private func write(_ parts: [UInt8]...) throws(CaptureError) {
        if let failure { throw failure }
        guard isOpen else { throw .finished(path) }
        do {
            var size: UInt64 = 0
            for part in parts { size += UInt64(try descriptor.writeAll(part)) }
            bytesWritten += size
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
