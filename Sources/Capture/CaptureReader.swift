// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import SystemPackage

/// Reads a capture: the session at once, then the I/Os in file order, as often as asked.
///
/// A capture is untrusted input. Whatever is in it, memory stays bounded by one chunk (and the thread names), nothing
/// traps, and what could not be read is in the summary.
public final class CaptureReader: Sendable {
    /// The version of the file; its major is one that this version reads.
    public let version: CaptureVersion
    public let session: RecordingSession

    let source: CaptureSource
    private let ownsDescriptor: Bool
    /// Where the chunk after the session begins, in bytes.
    let body: UInt64

    /// Opens the capture at `path`, checks its header and reads its session.
    public convenience init(path: FilePath) throws(CaptureError) {
        let descriptor: FileDescriptor
        do {
            // Without nonBlocking, opening a FIFO would wait for a writer.
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch {
            throw .cannotOpen(path, error as? Errno ?? .ioError)
        }
        try self.init(CaptureSource(path: path, storage: .file(descriptor)), ownsDescriptor: true)
    }

    /// Reads from an open regular file, which stays open and whose position does not matter. `name` is for errors.
    public convenience init(descriptor: FileDescriptor, name: FilePath) throws(CaptureError) {
        try self.init(CaptureSource(path: name, storage: .file(descriptor)), ownsDescriptor: false)
    }

    /// Reads from memory. `name` is for errors.
    public convenience init(bytes: [UInt8], name: FilePath) throws(CaptureError) {
        try self.init(CaptureSource(path: name, storage: .memory(bytes)), ownsDescriptor: false)
    }

    private init(_ source: CaptureSource, ownsDescriptor: Bool) throws(CaptureError) {
        do throws(CaptureError) {
            version = try Self.version(of: source)
            (session, body) = try Self.session(of: source)
        } catch {
            if ownsDescriptor { source.close() }
            throw error
        }
        self.source = source
        self.ownsDescriptor = ownsDescriptor
    }

    deinit {
        if ownsDescriptor { source.close() }
    }

    /// Whether a file that begins with `prefix`, at least 4 bytes, is meant to be a capture. It may still be damaged,
    /// cut or of another version: `init` says so.
    public static func recognises(_ prefix: some Sequence<UInt8>) -> Bool {
        isTextTransfer(Array(prefix.prefix(4))[...])
    }

    /// Calls `each` with every I/O in file order, and `occupancy` with everybody who occupied a CPU that I/Os waited for,
    /// before those I/Os.
    /// - Returns: Everything else in the capture, and what could not be read.
    /// - Throws: `CaptureError.cannotRead`, or what `each` or `occupancy` throws.
    public func read(
        occupancies occupancy: (CPUOccupancy) throws -> Void = { _ in }, _ each: (DirectIO) throws -> Void
    ) throws -> CaptureContents {
        let whole = CaptureShare(self, .whole, size: try source.size())
        return CaptureContents(joining: [try whole.read(occupancies: occupancy, each)])
    }

    /// From when on how many I/Os were recorded, if that changed, and in which bursts: known before they are read.
    public func pace() -> (steps: [SamplingStep], bursts: [RecordedBurst]) {
        guard session.turnsDown == true, let size = try? source.size(),
            let contents = try? CaptureShare(self, .none, size: size).read({ _ in })
        else { return ([], []) }
        return (contents.sampling, contents.bursts)
    }

    /// Bytes in it now; 0 when that is unknown.
    public var size: UInt64 { (try? source.size()) ?? 0 }

    /// Shares the I/Os out to `count` readers, which may read at the same time: each of them is read by just one.
    public func shares(_ count: Int) throws(CaptureError) -> [CaptureShare] {
        let size = try source.size()
        let chunks = CaptureShare.Chunks()
        return (0..<max(1, count)).map { CaptureShare(self, .init(first: $0 == 0, of: chunks), size: size) }
    }

    private static func version(of source: CaptureSource) throws(CaptureError) -> CaptureVersion {
        let path = source.path
        let header = try source.bytes(CaptureFormat.headerSize, at: 0)
        guard !header.isEmpty else { throw .empty(path) }
        let magic = header.prefix(CaptureFormat.magic.count)
        guard CaptureFormat.magic.starts(with: magic) else {
            throw isTextTransfer(magic) ? .textTransfer(path) : .notACapture(path, firstBytes: Array(magic))
        }
        guard header.count == CaptureFormat.headerSize else { throw .cutInHeader(path, size: header.count) }
        let found = header.withUnsafeBytes {
            CaptureVersion(
                major: $0.loadUnaligned(fromByteOffset: 8, as: UInt16.self),
                minor: $0.loadUnaligned(fromByteOffset: 10, as: UInt16.self))
        }
        guard found.major == CaptureFormat.version.major else {
            throw .otherVersion(path, found: found, supported: CaptureFormat.version)
        }
        return found
    }

    /// Line ends changed, or bit 7 lost.
    private static func isTextTransfer(_ magic: ArraySlice<UInt8>) -> Bool {
        magic.prefix(4).map { $0 & 0x7f } == CaptureFormat.magic.prefix(4).map { $0 & 0x7f }
    }

    /// - Returns: The session, and where the next chunk begins.
    private static func session(of source: CaptureSource) throws(CaptureError) -> (RecordingSession, UInt64) {
        let path = source.path
        let start = UInt64(CaptureFormat.headerSize)
        var walk = ChunkWalk(source, from: start, size: try source.size())
        guard let chunk = try walk.next(), chunk.offset == start else {
            switch walk.damage.findings.first?.problem {
            case nil: throw .missingSession(path, offset: start)
            case .cut: throw .damagedSession(path, offset: start, problem: "the file ends in it")
            case .payload: throw .damagedSession(path, offset: start, problem: "wrong checksum")
            default: throw .damagedSession(path, offset: start, problem: "no chunk begins here")
            }
        }
        guard chunk.header.kind == ChunkKind.session.rawValue else { throw .missingSession(path, offset: start) }
        guard chunk.header.flags == 0,
            let session = walk.withPayload(of: chunk.header, { ChunkJSON.decode(RecordingSession.self, from: $0) })
        else { throw .damagedSession(path, offset: start, problem: "not the JSON of a session") }
        return (session, walk.position)
    }
}
