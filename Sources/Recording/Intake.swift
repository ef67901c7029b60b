// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Probes
import SystemPackage

/// What becomes of the records of a recording: they go to the capture file, and what they name is looked up.
final class Intake: RecordSink {
    /// The first failure to write the file ends the recording.
    private(set) var failure: CaptureError?
    private(set) var places = SeenTopology()
    private(set) var cachedFiles = CachedFiles()
    private(set) var files = SeenFiles()
    var slow = SlowIOs()
    /// I/Os whose completion was not seen: they are no records of the capture.
    private(set) var lost = LostIOs()
    /// The kinds of I/Os that came as records, when others are aggregated.
    private var kinds: SeenKinds?
    private var writer: CaptureWriter?
    /// The writer as long as nothing failed, unmanaged: to retain and release it would cost as much as to append.
    private var taking: Unmanaged<CaptureWriter>?
    private(set) var devices = SeenDevices()
    private var devicesWritten = 0
    /// The four of the last I/O.
    private var lastCPUs: UInt64 = .max
    /// Device and interrupt of the last I/O; at first one that is not.
    private var lastOrigin: UInt64 = .max
    private var lastInode: UInt64 = .max
    private var filesWritten = 0

    /// Creates the capture file.
    func open(_ path: FilePath, session: RecordingSession, packing: CaptureWriter.Packing) throws(CaptureError) {
        if session.isSummary == true { kinds = SeenKinds(rule: session.completionRule) }
        let writer = try CaptureWriter(creating: path, session: session, packing: packing)
        self.writer = writer
        taking = Unmanaged.passUnretained(writer)
    }

    override func take(_ record: UnsafeRawBufferPointer) {
        // A record of an I/O, and nothing else is as long; in a ring it is aligned to 8 bytes.
        if record.count >= MemoryLayout<probe_io>.size, let start = record.baseAddress {
            guard UInt32(record[0]) != PROBE_RECORD_LOST_IO.rawValue else {
                return lost.note(start.assumingMemoryBound(to: probe_io.self))
            }
            let io = start.assumingMemoryBound(to: probe_io.self)
            note(io)
            if slow.areAskedFor { slow.note(io, record) }
            if kinds != nil { noteKind(record) }
            if record.count >= MemoryLayout<probe_layered>.size { noteLayers(record) }
        } else if slow.areAskedFor {
            slow.noteName(record)
        }
        taking?._withUnsafeGuaranteedRef { writer in
            do throws(CaptureError) {
                try writer.append(record)
            } catch {
                fail(error)
            }
        }
    }

    /// Looks up the path of a file that was synced, if it has not been.
    func note(_ syncs: FileSyncs) { files.note(syncs) }

    /// Not inlined, as are those below: what they need would be made ready for every record.
    @inline(never)
    private func fail(_ error: CaptureError) {
        failure = error
        taking = nil
    }

    /// Mostly an I/O has the places of the one before.
    @inline(__always)
    private func note(_ io: UnsafePointer<probe_io>) {
        let cpus =
            UInt64(io.pointee.submit_cpu) | UInt64(io.pointee.end_cpu) << 16 | UInt64(io.pointee.worker_cpu) << 32
            | UInt64(io.pointee.complete_cpu) << 48
        let origin = UInt64(io.pointee.dev) << 32 | UInt64(io.pointee.irq)
        if cpus != lastCPUs || origin != lastOrigin || io.pointee.inode != lastInode || CachedFiles.isOne(io) {
            noteNew(io, cpus, origin)
        }
    }

    @inline(never)
    private func noteNew(_ io: UnsafePointer<probe_io>, _ cpus: UInt64, _ origin: UInt64) {
        if cpus != lastCPUs { places.note(io) }
        if origin != lastOrigin {
            places.note(interrupt: io.pointee.irq)
            devices.note(io.pointee.dev)
        }
        if CachedFiles.isOne(io) { cachedFiles.note(io) }
        if io.pointee.inode != lastInode || origin != lastOrigin { files.note(io) }
        (lastCPUs, lastOrigin, lastInode) = (cpus, origin, io.pointee.inode)
    }

    @inline(never)
    private func noteKind(_ record: UnsafeRawBufferPointer) { kinds?.note(record) }

    @inline(never)
    private func noteLayers(_ record: UnsafeRawBufferPointer) { devices.note(layersOf: record) }

    /// Kinds of I/Os that from now on are to be aggregated in the kernel.
    func takeChosenKinds() -> [probe_io_kind] { kinds?.takeChosen() ?? [] }

    /// Names that are not in the file yet: a recording that is killed would have numbers instead.
    func writeNewNames() {
        if files.check() { lastInode = .max }
        if files.count != filesWritten {
            filesWritten = files.count
            attempt { writer throws(CaptureError) in try writer.write(files: files.names) }
        }
        guard devices.count != devicesWritten else { return }
        devicesWritten = devices.count
        attempt { writer throws(CaptureError) in try writer.write(devices: devices.names) }
    }

    var iosWritten: UInt64 { writer?.iosWritten ?? 0 }
    var bytesWritten: UInt64 { writer?.bytesWritten ?? 0 }

    /// A failure to write ends the recording, not the traced command.
    func attempt(_ write: (CaptureWriter) throws(CaptureError) -> Void) {
        guard failure == nil, let writer else { return }
        do {
            try write(writer)
        } catch {
            fail(error)
        }
    }
}
