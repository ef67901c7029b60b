// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import TestSupport

/// I/Os as a loaded box gives them: four CPUs with two submitters each, writes that a kworker completes, writes and
/// reads that the interrupt completes, and now and then somebody else on the CPU. The same ones in every run.
struct SyntheticLoad {
    static let cpus = 4
    private static let threadsOfACPU: UInt32 = 2
    private static let drainedAtOnce = 64

    private var random = SeededGenerator(seed: 5)
    /// When each CPU completed its last I/O, nanoseconds.
    private var clocks = [UInt64](repeating: 60_000_000_000, count: cpus)
    private var batch = [UInt16](repeating: 0, count: cpus)

    mutating func threads() -> [probe_task] {
        (0..<Self.cpus).flatMap { cpu in
            (0..<Self.threadsOfACPU).map { number in
                probe_task(ThreadName(thread: Self.thread(cpu, number), process: 4000, name: "fio"))
            }
        }
    }

    /// Calls `take` with `count` records of I/Os, and those of the occupancies before them, as rings of four CPUs give them.
    mutating func records(_ count: Int, _ take: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        for number in 0..<count {
            let cpu = number / Self.drainedAtOnce % Self.cpus
            clocks[cpu] += exponential(7_000)
            let kind = random.next() % 100
            if kind < 60 {
                let io = deferredWrite(cpu)
                if let occupancy = occupancy(io) { try withUnsafeBytes(of: occupancy, take) }
                try withUnsafeBytes(of: io, take)
            } else {
                try withUnsafeBytes(of: inlineIO(cpu, isWrite: kind < 85), take)
            }
        }
    }

    private static func thread(_ cpu: Int, _ number: UInt32) -> UInt32 { 4001 + UInt32(cpu) * threadsOfACPU + number }

    /// A duration with this mean and a long tail, nanoseconds.
    private mutating func exponential(_ mean: Double) -> UInt64 {
        // -ln(u) by halves: as often as a coin shows heads, plus an even part.
        let coins = random.next()
        return UInt64(mean * 0.69 * (Double(coins.trailingZeroBitCount) + Double(coins >> 40) / Double(1 << 24)))
    }

    private mutating func begun(_ cpu: Int, isWrite: Bool, ended: UInt64) -> probe_io {
        var io = probe_io()
        io.issuer = UInt8(truncatingIfNeeded: PROBE_ISSUER_LIBAIO.rawValue)
        io.end_context = UInt8(truncatingIfNeeded: PROBE_CONTEXT_HARDIRQ.rawValue)
        io.submit_cpu = UInt16(cpu)
        io.end_cpu = UInt16(cpu)
        io.facts = Facts([.endSeen, .endDecides, .noWait]).rawValue | (isWrite ? Facts.write.rawValue : 0)
        batch[cpu] = random.next() % 3 == 0 ? batch[cpu] % 8 + 1 : 1
        io.irq_batch = batch[cpu]
        io.irq = 40 + UInt32(cpu)
        io.ended_ns = ended
        io.interrupted_ns = ended - 800 - UInt64(batch[cpu]) * 600 - exponential(300)
        io.issued_ns = io.interrupted_ns - 40_000 - exponential(60_000)
        io.submitted_ns = io.issued_ns - 4_000 - exponential(2_000)
        io.inode = 12 + UInt64(cpu / 2)
        io.offset_bytes = random.next() % (16 << 20) * 4096
        io.dev = 259 << 20 | 1
        io.length_bytes = random.next() % 20 == 0 ? 16384 : 4096
        io.submitter_tid = Self.thread(cpu, UInt32(random.next() % UInt64(Self.threadsOfACPU)))
        return io
    }

    private mutating func inlineIO(_ cpu: Int, isWrite: Bool) -> probe_io {
        var io = begun(cpu, isWrite: isWrite, ended: clocks[cpu])
        io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_IO.rawValue)
        io.complete_context = io.end_context
        io.complete_cpu = io.end_cpu
        io.worker_cpu = UInt16(truncatingIfNeeded: PROBE_NO_CPU)
        io.completed_ns = io.ended_ns + 300 + exponential(400)
        return io
    }

    private mutating func deferredWrite(_ cpu: Int) -> probe_waited_io {
        var waited = probe_waited_io()
        let wait = 2_000 + exponential(40_000)
        var io = begun(cpu, isWrite: true, ended: clocks[cpu] - wait)
        io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_WAITED_IO.rawValue)
        io.complete_context = UInt8(truncatingIfNeeded: PROBE_CONTEXT_KWORKER.rawValue)
        io.worker_cpu = UInt16(cpu)
        io.complete_cpu = UInt16(cpu)
        io.worker_tid = 70 + UInt32(cpu)
        io.queued_ns = io.ended_ns + 200 + exponential(100)
        io.started_ns = io.queued_ns + wait
        io.completed_ns = io.started_ns + 500 + exponential(700)
        if random.next() % 3 == 0 { io.facts |= Facts.preemptedSubmitter.rawValue }
        waited.io = io
        var occupied = OccupantTimes.unknown
        occupied[.hardirq] = UInt32(wait / 16)
        occupied[.completionWork] = UInt32(random.next() % (wait / 4))
        occupied[.workerSwitch] = UInt32(random.next() % (wait / 8))
        if random.next() % 8 == 0 { occupied[.otherTask] = UInt32(random.next() % (wait / 8)) }
        occupied[.submitter] = UInt32(wait - occupied.total)
        withUnsafeMutableBytes(of: &waited.queue_wait) {
            $0.storeBytes(of: occupied.nanoseconds, as: SIMD8<UInt32>.self)
        }
        return waited
    }

    /// Whoever occupied the CPU as another task, every fourth time by a record.
    private mutating func occupancy(_ waited: probe_waited_io) -> probe_occupancy? {
        let nanoseconds = waited.queue_wait.ns.3
        guard nanoseconds > 0, random.next() % 4 == 0 else { return nil }
        return probe_occupancy(
            CPUOccupancy(
                cpu: waited.io.worker_cpu, occupant: .otherTask, thread: 900,
                from: Timestamp(nanoseconds: waited.io.queued_ns),
                until: Timestamp(nanoseconds: waited.io.queued_ns + UInt64(nanoseconds)), name: "jbd2/nvme0n1p2-8"))
    }
}
