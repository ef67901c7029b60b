// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Glibc

/// What the programs know of each CPU and of the slots, as the kernel has it at any moment: `struct probe_state` of bpf, or
/// before 6.2 the map of the CPUs alone.
final class ProbeState {
    private let start: UnsafeMutableRawPointer
    private let size: Int
    /// What follows the CPUs: the buckets, and whether recording pauses.
    private let isWhole: Bool

    /// - Parameters:
    ///   - map: of one entry, which is the state; or of as many as there are CPUs, their states.
    ///   - cpus: how many there are in such a map; `nil`: it is the whole state.
    init(map: Int32, cpus: Int? = nil) throws(ProbeError) {
        isWhole = cpus == nil
        size = cpus.map { $0 * MemoryLayout<probe_cpu>.stride } ?? Self.wholeSize
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0), start != MAP_FAILED else {
            throw .refused(step: "mapping the state of the programs", errno: errno, detail: "")
        }
        self.start = start
    }

    deinit { munmap(start, size) }

    /// Swift has no arrays as long as those of C.
    private static let bucketsBegin = Int(PROBE_MAX_CPUS) * MemoryLayout<probe_cpu>.stride
    private static let pauseBegins = bucketsBegin + Int(PROBE_NEAR_BUCKETS) * MemoryLayout<probe_bucket>.stride
    /// The words that begin there: whether recording pauses, whether ki_complete is unseen, whether it is needed.
    private static let wholeSize = pauseBegins + 3 * MemoryLayout<UInt32>.size

    static func hasRoom(forCPUs count: Int) -> Bool { count <= Int(PROBE_MAX_CPUS) }

    /// Are the buckets of so many slots in it? Others are in a map.
    func has(slots count: Int) -> Bool { isWhole && Self.hasNear(slots: count) }

    /// As many as there is room for near the CPUs.
    static func hasNear(slots count: Int) -> Bool { count == Int(PROBE_NEAR_BUCKETS * PROBE_BUCKET_SLOTS) }

    private var first: UnsafeMutablePointer<probe_cpu> { start.assumingMemoryBound(to: probe_cpu.self) }

    func cpus(_ count: Int) -> [probe_cpu] { Array(UnsafeBufferPointer(start: first, count: count)) }

    private var buckets: UnsafeMutablePointer<SIMD8<UInt64>> {
        (start + Self.bucketsBegin).assumingMemoryBound(to: SIMD8<UInt64>.self)
    }

    /// Numbers of the slots in which there is an I/O. Nobody is stopped meanwhile: it is as it was at some moment.
    func takenSlots() -> [UInt32] {
        let ways = Int(PROBE_BUCKET_SLOTS)
        var taken: [UInt32] = []
        // Nearly all are empty: a bucket at a time.
        for bucket in 0..<Int(PROBE_NEAR_BUCKETS) where buckets[bucket] != .zero {
            let keys = buckets[bucket]
            for way in 0..<ways where keys[way] != 0 { taken.append(UInt32(bucket * ways + way)) }
        }
        return taken
    }

    /// Gives all slots back. Nothing may run that looks for one.
    func emptySlots() {
        for bucket in 0..<Int(PROBE_NEAR_BUCKETS) where buckets[bucket] != .zero { buckets[bucket] = .zero }
    }

    private var words: UnsafeMutablePointer<UInt32> {
        (start + Self.pauseBegins).assumingMemoryBound(to: UInt32.self)
    }

    /// `false` where that is in a map of its own.
    func set(_ pause: probe_pause) -> Bool {
        guard isWhole else { return false }
        words[0] = pause.rawValue
        return true
    }

    /// `nil` where the programs do not ask.
    var isKiCompleteUnseen: Bool? {
        get { isWhole ? words[1] != 0 : nil }
        set { if isWhole, let newValue { words[1] = newValue ? 1 : 0 } }
    }

    /// An I/O came whose completion only the programs of ki_complete see.
    var isKiCompleteNeeded: Bool {
        get { isWhole && words[2] != 0 }
        set { if isWhole { words[2] = newValue ? 1 : 0 } }
    }

    /// Notes of I/Os whose ki_complete is about to be called, of which nobody saw whether it was.
    func forgetSent(_ count: Int) {
        for cpu in 0..<count { (first + cpu).pointee.sent_key = 0 }
    }

    /// What the programs knew of the moment in which they ran last. Counters, the clocks' readings and what does not change
    /// stay. Nothing may run but what lets I/Os in, which counts.
    func forgetMoments(_ count: Int) {
        for cpu in 0..<count { Self.forgetMoments(first + cpu) }
    }

    /// Member by member: next to these are counters that programs add to.
    private static func forgetMoments(_ cpu: UnsafeMutablePointer<probe_cpu>) {
        forgetInterrupts(cpu)
        cpu.pointee.waiting = 0
        cpu.pointee.run_works = 0
        cpu.pointee.standing_tid = 0
        cpu.pointee.submitter_left_tid = 0
        cpu.pointee.submitter_left_ns = 0
        cpu.pointee.submitter_left_runnable = 0
        cpu.pointee.unreaped = 0
        cpu.pointee.occupied_since_ns = 0
        cpu.pointee.task_occupied_since_ns = 0
        cpu.pointee.occupant_function = 0
        cpu.pointee.occupant_tid = 0
        cpu.pointee.is_marked_here = 0
        cpu.pointee.begun_ns = 0
        cpu.pointee.begun_tid = 0
        cpu.pointee.sent_key = 0
        cpu.pointee.unstopped_ns = 0
        cpu.pointee.stop_tid = 0
        cpu.pointee.batch_tid = 0
        cpu.pointee.delivery_waits = 0
        cpu.pointee.submitter_waits = 0
        cpu.pointee.suspended = 0
        cpu.pointee.suspended_tid = 0
        withUnsafeMutableBytes(of: &cpu.pointee.seen) { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }

    private static func forgetInterrupts(_ cpu: UnsafeMutablePointer<probe_cpu>) {
        cpu.pointee.irq_entered_ns = 0
        cpu.pointee.softirq_entered_ns = 0
        cpu.pointee.irq_ends = 0
        cpu.pointee.softirq_ends = 0
        cpu.pointee.softirq_raised_ns = 0
        withUnsafeMutableBytes(of: &cpu.pointee.raise_ns) { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
    }
}
