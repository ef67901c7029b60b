// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import SystemPackage

extension CaptureReader {
    /// Writes the same capture with its records packed: the chunks that are right, in their order.
    /// - Parameters:
    ///   - redacts: without what identifies the machine and its users; see `Redaction`. Chunks that this version does not
    ///     know are left out then.
    ///   - progress: is called with the part of the capture that was read, from 0 to 1, at every chunk.
    /// - Returns: What was left out since it could not be read, and the size of the new capture in bytes.
    /// - Throws: What reading and writing throw; the new file is removed then.
    public func pack(
        to path: FilePath, redacts: Bool = false, progress: (Double) -> Void = { _ in }
    ) throws(CaptureError) -> (damage: [CaptureDamage], size: UInt64) {
        let descriptor = try CaptureWriter.create(path)
        do throws(CaptureError) {
            let writer = try CaptureWriter(descriptor: descriptor, path: path, session: nil, packing: .shortest)
            var walk = ChunkWalk(source, from: UInt64(CaptureFormat.headerSize), size: try source.size())
            var isAtEnd = false
            let redaction = redacts ? Redaction() : nil
            while !isAtEnd, let chunk = try walk.next() {
                if let redaction {
                    try Self.copy(chunk.header, of: walk, to: writer, redaction)
                } else {
                    try Self.copy(chunk.header, of: walk, to: writer)
                }
                isAtEnd = chunk.header.kind == ChunkKind.end.rawValue
                progress(Double(walk.position) / Double(walk.size))
            }
            try writer.close()
            return (walk.damage.findings, writer.bytesWritten)
        } catch {
            try? FileManager.default.removeItem(atPath: path.string)
            throw error
        }
    }

    /// As it is what cannot be read, or is packed already.
    private static func copy(_ header: ChunkHeader, of walk: ChunkWalk, to writer: CaptureWriter) throws(CaptureError) {
        try walk.withPayload(of: header) { payload -> Result<Void, CaptureError> in
            var copied: Result<Void, CaptureError>?
            if let kind = ChunkKind(rawValue: header.kind), header.flags & ChunkFlag.packed == 0,
                header.fits(kind.recordSize)
            {
                copied = walk.withRecords(of: header, kind) { records in
                    Result { () throws(CaptureError) in try writer.copy(header, payload, records: records) }
                }
            }
            return copied ?? Result { () throws(CaptureError) in try writer.copy(header, payload, records: nil) }
        }.get()
    }

    /// Only what is understood: anything else may name somebody.
    private static func copy(
        _ header: ChunkHeader, of walk: ChunkWalk, to writer: CaptureWriter, _ redaction: Redaction
    ) throws(CaptureError) {
        guard let kind = ChunkKind(rawValue: header.kind), header.fits(kind.recordSize) else { return }
        let redacted =
            if kind.recordSize == nil {
                walk.withPayload(of: header) { payload in (try? redaction.redacted(json: payload, of: kind)) ?? nil }
            } else {
                walk.withRecords(of: header, kind) { records in redaction.redacted(records: records, of: kind) }
            }
        guard let redacted else { return }
        try writer.write(kind, redacted, count: Int(header.count))
    }
}
