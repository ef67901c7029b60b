// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Probes
import SystemPackage

/// What becomes of the records of a recording: they go to the capture file, and what they name is looked up.
final class Intake: RecordSink {
    /// Of the file; the first one ends the recording.
    private(set) var failure: Failure?
    private(set) var places = SeenPlaces()
    private(set) var cachedFiles = CachedFiles()
    private var writer: CaptureWriter?
    private var devices: [DeviceNumber: DeviceName] = [:]
    private var lastDevice: UInt32?

    /// Creates the capture file.
    func open(_ path: FilePath, session: RecordingSession, packing: CaptureWriter.Packing) throws(Failure) {
        do {
            writer = try CaptureWriter(creating: path, session: session, packing: packing)
        } catch {
            throw Failure(error)
        }
    }

    func take(_ record: UnsafeRawBufferPointer) {
        guard failure == nil, let writer else { return }
        if record.count >= MemoryLayout<probe_io>.size {
            // A record of an I/O, and nothing else is as long.
            places.note(record)
            cachedFiles.note(record)
            noteDevice(record.loadUnaligned(fromByteOffset: RecordOffset.device, as: UInt32.self))
        }
        do {
            try writer.append(record)
        } catch {
            failure = Failure(error)
        }
    }

    /// Looks a device's names up when it is first seen: later it may be unmounted.
    private func noteDevice(_ number: UInt32) {
        guard number != lastDevice else { return }
        lastDevice = number
        let device = DeviceNumber(kernel: number)
        if devices[device] == nil { devices[device] = DeviceNames().name(of: device) }
    }

    var devicesSeen: [DeviceName] {
        devices.values.sorted { ($0.major, $0.minor) < ($1.major, $1.minor) }
    }

    var iosWritten: UInt64 { writer?.iosWritten ?? 0 }
    var bytesWritten: UInt64 { writer?.bytesWritten ?? 0 }

    /// A failure to write ends the recording, not the traced command.
    func attempt(_ write: (CaptureWriter) throws(CaptureError) -> Void) {
        guard failure == nil, let writer else { return }
        do {
            try write(writer)
        } catch {
            failure = Failure(error)
        }
    }
}
