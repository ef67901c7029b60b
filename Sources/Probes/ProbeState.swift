// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Glibc

/// What the programs keep at a known address, `struct probe_state` of bpf, as the kernel has it at any moment.
final class ProbeState {
    private let start: UnsafeMutableRawPointer

    /// - Parameter map: of one entry, which is the state.
    init(map: Int32) throws(ProbeError) {
        guard let start = mmap(nil, Self.size, PROT_READ, MAP_SHARED, map, 0), start != MAP_FAILED else {
            throw .refused(step: "mapping the state of the programs", errno: errno, detail: "")
        }
        self.start = start
    }

    deinit { munmap(start, Self.size) }

    /// Swift has no arrays as long as those of C.
    private static let bucketsBegin = Int(PROBE_MAX_CPUS) * MemoryLayout<probe_cpu>.stride
    private static let size = bucketsBegin + Int(PROBE_NEAR_BUCKETS) * MemoryLayout<probe_bucket>.stride

    static func hasRoom(forCPUs count: Int) -> Bool { count <= Int(PROBE_MAX_CPUS) }

    /// Are the buckets of so many slots in it? Others are in a map.
    static func has(slots count: Int) -> Bool { count == Int(PROBE_NEAR_BUCKETS * PROBE_BUCKET_SLOTS) }

    private var first: UnsafeMutablePointer<probe_cpu> { start.assumingMemoryBound(to: probe_cpu.self) }

    func cpus(_ count: Int) -> [probe_cpu] { Array(UnsafeBufferPointer(start: first, count: count)) }

    /// Numbers of the slots in which there is an I/O. Nobody is stopped meanwhile: it is as it was at some moment.
    func takenSlots() -> [UInt32] {
        let buckets = (start + Self.bucketsBegin).assumingMemoryBound(to: SIMD8<UInt64>.self)
        let ways = Int(PROBE_BUCKET_SLOTS)
        var taken: [UInt32] = []
        // Nearly all are empty: a bucket at a time.
        for bucket in 0..<Int(PROBE_NEAR_BUCKETS) where buckets[bucket] != .zero {
            let keys = buckets[bucket]
            for way in 0..<ways where keys[way] != 0 { taken.append(UInt32(bucket * ways + way)) }
        }
        return taken
    }
}
