// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// I/Os built by hand: a complete libaio write that a kworker or the interrupt completes.
enum SyntheticIOs {
    static func at(_ nanoseconds: UInt64, length: UInt32 = 4096, issuer: Issuer = .libaio) -> DirectIO {
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: nanoseconds), submitterThread: 100,
            device: DeviceNumber(major: 259, minor: 1), inode: 12, offset: 8192, length: length,
            operation: .write, issuer: issuer)
        io.submitCPU = 1
        io.facts = [.write, .endSeen, .endDecides]
        return io
    }

    /// Nanoseconds spent in each stage.
    static func inline(
        at start: UInt64, submit: UInt64 = 10_000, device: UInt64 = 100_000, irq: UInt64 = 5_000,
        completion: UInt64 = 3_000, irqNumber: UInt32 = 24, batch: UInt16 = 1
    ) -> DirectIO {
        var io = at(start)
        io.issued = Timestamp(nanoseconds: start + submit)
        io.interrupted = Timestamp(nanoseconds: start + submit + device)
        io.ended = Timestamp(nanoseconds: start + submit + device + irq)
        io.completed = Timestamp(nanoseconds: start + submit + device + irq + completion)
        (io.endContext, io.completeContext) = (.hardirq, .hardirq)
        (io.endCPU, io.completionCPU, io.irq, io.irqBatchPosition) = (1, 1, irqNumber, batch)
        return io
    }

    static func deferred(at start: UInt64, queueWait: UInt64 = 180_000, work: UInt64 = 8_000) -> DirectIO {
        var io = inline(at: start)
        let ended = start + 115_000
        io.workQueued = Timestamp(nanoseconds: ended + 1_000)
        io.workStarted = Timestamp(nanoseconds: ended + 1_000 + queueWait)
        io.completed = Timestamp(nanoseconds: ended + 1_000 + queueWait + work)
        io.completeContext = .kworker
        (io.workerCPU, io.completionCPU, io.workerThread) = (1, 1, 77)
        return io
    }

    static func report(
        _ ios: [DirectIO], rule: CompletionRule = .defersWrites, loss: [DataLoss] = [],
        source: ReportSource = ReportSource(kind: "test", isComplete: true)
    ) -> Report {
        var builder = ReportBuilder(rule: rule)
        for io in ios { builder.add(io) }
        return builder.finish(source: source, loss: loss)
    }

    static func probes(_ names: [String]) -> [RecordingSession.Probe] {
        names.map { RecordingSession.Probe(name: $0, attached: true) }
    }
}
