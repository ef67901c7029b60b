// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report
import TestSupport

@testable import Comparison

/// Recordings of single I/Os built by hand: libaio writes that a kworker completes, or the interrupt.
enum SyntheticIOs {
    static func io(at start: UInt64, device: UInt64, queueWait: UInt64?, length: UInt32 = 4096) -> DirectIO {
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: start), submitterThread: 100,
            device: DeviceNumber(major: 259, minor: 1), inode: 12, offset: 8192, length: length,
            operation: .write, issuer: .libaio)
        io.facts = [.write, .endSeen, .endDecides]
        (io.submitCPU, io.endCPU, io.completionCPU, io.irq) = (1, 2, 2, 24)
        io.issued = Timestamp(nanoseconds: start + 10_000)
        let ended = start + 10_000 + device
        io.interrupted = Timestamp(nanoseconds: ended)
        io.ended = Timestamp(nanoseconds: ended)
        io.endContext = .hardirq
        guard let queueWait else {
            io.completeContext = .hardirq
            io.completed = Timestamp(nanoseconds: ended + 3_000)
            return io
        }
        io.completeContext = .kworker
        (io.workerCPU, io.workerThread) = (2, 77)
        io.workQueued = Timestamp(nanoseconds: ended)
        io.workStarted = Timestamp(nanoseconds: ended + queueWait)
        io.completed = Timestamp(nanoseconds: ended + queueWait + 8_000)
        io.queueWaitOccupants[.submitter] = UInt32(queueWait / 2)
        io.queueWaitOccupants[.idle] = UInt32(queueWait / 4)
        return io
    }

    static var source: ReportSource {
        var source = ReportSource(kind: "test", isComplete: true)
        source.kernel = "6.12"
        source.devices = [
            DeviceName(
                device: DeviceNumber(major: 259, minor: 1), name: "nvme0n1", fileSystem: "ext4", mountPoint: "/mnt")
        ]
        return source
    }

    /// `seconds` of I/Os one after another, a hundred a second.
    static func run(
        _ name: String = "run", seconds: Int = 30, device: UInt64 = 100_000, queueWait: UInt64? = 50_000,
        length: UInt32 = 4096, seed: UInt64 = 1, source: ReportSource = SyntheticIOs.source, loss: [DataLoss] = []
    ) -> Run {
        var generator = SeededGenerator(seed: seed)
        var builder = RunBuilder(rule: .defersWrites, blockLength: 1_000_000_000)
        for index in 0..<(seconds * 100) {
            let noise = UInt64(generator.uniform() * 20_000)
            builder.add(
                io(
                    at: 5_000_000_000 + UInt64(index) * 10_000_000, device: device + noise,
                    queueWait: queueWait.map { $0 + noise }, length: length))
        }
        return builder.finish(name: name, source: source, loss: loss)
    }
}
