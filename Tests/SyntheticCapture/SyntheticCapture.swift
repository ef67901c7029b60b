// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Glibc
import SystemPackage

/// Writes a capture of so many made-up I/Os, to measure reports with.
@main
enum SyntheticCapture {
    static func main() throws {
        let packings: [String: CaptureWriter.Packing] = ["raw": .off, "columns": .columns, "packed": .shortest]
        guard CommandLine.arguments.count == 4, let ios = Int(CommandLine.arguments[2]), ios >= 0,
            let packing = packings[CommandLine.arguments[3]]
        else {
            print("usage: synthetic-capture FILE I/Os raw|columns|packed")
            exit(64)
        }
        var load = SyntheticLoad()
        let writer = try CaptureWriter(creating: FilePath(CommandLine.arguments[1]), session: session, packing: packing)
        for thread in load.threads() { try withUnsafeBytes(of: thread) { try writer.append($0) } }
        try load.records(ios) { try writer.append($0) }
        try writer.write(devices: [
            DeviceName(
                device: DeviceNumber(major: 259, minor: 1), name: "nvme0n1p1", fileSystem: "ext4", mountPoint: "/mnt")
        ])
        try writer.finish(RecordingEnd(wall: 0, monotonic: 0, ios: 0))
    }

    private static var session: RecordingSession {
        RecordingSession(
            recorder: "0", host: "synthetic", kernel: "6.12.0", machine: "x86_64", cpuCount: SyntheticLoad.cpus,
            completionRule: .defersWrites, commandLine: [],
            probes: [
                "iomap_dio_rw_begin", "block_rq_issue", "irq_handler_entry", "iomap_dio_bio_end_io", "sched_switch",
                "workqueue_queue_work", "workqueue_execute_start", "iomap_dio_complete",
            ].map { RecordingSession.Probe(name: "tp_btf/\($0)", attached: true) },
            startedWall: 0, startedMonotonic: 0)
    }
}
