// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// A small recording built by hand: 120 libaio writes, every third completed in a kworker, one with a hole.
enum Recordings {
    static func io(_ index: UInt64) -> DirectIO {
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: 1_000_000 + index * 20_000), submitterThread: 100,
            device: DeviceNumber(major: 259, minor: 1), inode: 12, offset: 4096 * index, length: 4096,
            operation: .write, issuer: .libaio)
        let start = io.submitted.nanoseconds
        let device = 100_000 + index * 100
        io.facts = [.write, .endSeen, .endDecides]
        io.issued = Timestamp(nanoseconds: start + 11_000)
        io.interrupted = Timestamp(nanoseconds: start + 11_000 + device)
        io.ended = Timestamp(nanoseconds: start + 26_000 + device)
        (io.endContext, io.completeContext) = (.hardirq, .hardirq)
        (io.submitCPU, io.endCPU, io.completionCPU, io.irq, io.irqBatchPosition) = (1, 1, 1, 24, 1)
        guard index % 3 == 0 else {
            io.completed = Timestamp(nanoseconds: start + 29_000 + device)
            return io
        }
        io.completeContext = .kworker
        (io.workerCPU, io.workerThread) = (index % 2 == 0 ? 1 : 0, 77)
        io.workQueued = Timestamp(nanoseconds: start + 27_000 + device)
        io.workStarted = Timestamp(nanoseconds: start + 207_000 + device)
        io.completed = Timestamp(nanoseconds: start + 215_000 + device)
        if index == 0 { io.workStarted = nil }
        return io
    }

    static var source: ReportSource {
        var source = ReportSource(kind: "dioscope capture", isComplete: true)
        (source.kernel, source.machine, source.cpuCount) = ("6.1.0-50-cloud-amd64", "x86_64", 2)
        source.probes = [
            .init(name: "tp_btf/block_rq_issue", attached: true),
            .init(name: "fentry/iomap_dio_bio_end_io", attached: true),
            .init(name: "tp_btf/irq_handler_entry", attached: true),
            .init(name: "tp_btf/sched_switch", attached: true),
            .init(name: "fentry/io_req_rw_complete", attached: false, reason: "EPERM"),
        ]
        source.devices = [
            DeviceName(
                device: DeviceNumber(major: 259, minor: 1), name: "nvme0n1", fileSystem: "ext4", mountPoint: "/mnt")
        ]
        return source
    }

    static func report(
        ios count: UInt64 = 120, loss: [DataLoss] = [], source: ReportSource = Self.source, occupied: Bool = false,
        by grouping: Grouping? = nil, top: Int = 8, percentiles: [Double] = []
    ) -> Report {
        let groups = grouping.map { grouping in
            var counts = GroupCounts(by: Grouper(by: [grouping]))
            for index in 0..<count { counts.add(io(index)) }
            return counts.largest(top)
        }
        var builder = ReportBuilder(rule: .defersWrites, percentiles: percentiles, groups: groups)
        for index in 0..<count {
            var io = io(index)
            if occupied { occupancy(&io, &builder) }
            builder.add(io)
        }
        return builder.finish(source: source, loss: loss)
    }

    /// Half of its wait was the submitter's, 60 us other tasks', of which 40 us had a name.
    private static func occupancy(_ io: inout DirectIO, _ builder: inout ReportBuilder) {
        guard let cpu = io.workerCPU, let queued = io.workQueued?.nanoseconds else { return }
        io.queueWaitOccupants[.submitter] = 90_000
        io.queueWaitOccupants[.otherTask] = 60_000
        builder.add(
            CPUOccupancy(
                cpu: cpu, occupant: .otherTask, thread: 9, from: Timestamp(nanoseconds: queued - 7_000),
                until: Timestamp(nanoseconds: queued + 40_000), name: "hog"))
    }

    static let ringFull = DataLoss(
        what: "ring-full", count: 12, severity: .loss, help: "records did not fit into the ring; make it larger")
}
