// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import CProbeRecords
import Glibc

/// Where the probes aggregate I/Os: for each kind that they were given, a map with a `probe_summary` for every CPU.
public final class KindSummaries {
    /// The sums of one kind, over all CPUs.
    public struct Sums {
        public let kind: probe_io_kind
        public fileprivate(set) var sums = probe_summary()
        /// The rows, then the spreads.
        public fileprivate(set) var numbers: [UInt64]
    }

    private struct Room {
        let kind: probe_io_kind
        let descriptor: Int32
    }

    /// Rooms by place.
    private let map: Int32
    /// Which kind has which place.
    private let kinds: Int32
    private let cpuCount: Int
    private let limit: Int
    private var rooms: [Room] = []

    /// All kinds on all CPUs take no more than this, unless there are very many CPUs.
    private static let mostBytes = 256 << 20
    private static let numbersBegin = MemoryLayout<probe_summary>.stride
    private static let size = numbersBegin + Int(PROBE_STEPS + PROBE_STEPS + 1) * Int(PROBE_SUMMARY_BUCKETS) * 8

    static func mostKinds(forCPUs cpus: Int) -> Int { min(64, max(8, mostBytes / (size * cpus))) }

    init(in map: Int32, kinds: Int32, cpuCount: Int) {
        self.map = map
        self.kinds = kinds
        self.cpuCount = cpuCount
        limit = Self.mostKinds(forCPUs: cpuCount)
    }

    deinit {
        for room in rooms { close(room.descriptor) }
    }

    /// A map for one kind, empty.
    static func room(forCPUs cpus: Int) throws(ProbeError) -> Int32 {
        let descriptor = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe_kind", 4, UInt32(size), UInt32(cpus), nil)
        guard descriptor >= 0 else {
            throw .refused(step: "making room for \(size * cpus) bytes of summaries", errno: errno, detail: "")
        }
        return descriptor
    }

    func makeRoom(for kind: probe_io_kind) {
        guard rooms.count < limit else { return }
        guard let descriptor = try? Self.room(forCPUs: cpuCount) else { return }
        guard begin(descriptor), install(descriptor, for: kind) else {
            close(descriptor)
            return
        }
        rooms.append(Room(kind: kind, descriptor: descriptor))
    }

    /// First the room, then the kind: programs that find the one find the other.
    private func install(_ descriptor: Int32, for kind: probe_io_kind) -> Bool {
        var kind = kind
        var (key, bucket) = (probe_kind_hash(&kind), probe_kind_bucket())
        guard bpf_map_lookup_elem(kinds, &key, &bucket) == 0 else { return false }
        let way = withUnsafeBytes(of: bucket) { bytes in
            bytes.bindMemory(to: probe_io_kind.self).firstIndex { $0.points == 0 }
        }
        guard let way else { return false }
        withUnsafeMutableBytes(of: &bucket) { $0.bindMemory(to: probe_io_kind.self)[way] = kind }
        var (place, value) = (key * UInt32(PROBE_KIND_WAYS) + UInt32(way), descriptor)
        return bpf_map_update_elem(map, &place, &value, 0) == 0 && bpf_map_update_elem(kinds, &key, &bucket, 0) == 0
    }

    /// The earliest submission is looked for from the latest time there is.
    private func begin(_ descriptor: Int32) -> Bool {
        var words = [UInt64](repeating: 0, count: Self.size / 8)
        return words.withUnsafeMutableBytes { bytes in
            var empty = probe_summary()
            empty.first_ns = .max
            bytes.storeBytes(of: empty, as: probe_summary.self)
            return (0..<UInt32(cpuCount)).allSatisfy { cpu in
                var cpu = cpu
                return bpf_map_update_elem(descriptor, &cpu, bytes.baseAddress, 0) == 0
            }
        }
    }

    /// What was aggregated so far, in the order in which the kinds came. Of a CPU that is in the midst of it, too.
    func sums() -> [Sums] {
        var words = [UInt64](repeating: 0, count: Self.size / 8)
        return rooms.map { room in
            var sums = Sums(
                kind: room.kind, numbers: [UInt64](repeating: 0, count: (Self.size - Self.numbersBegin) / 8))
            sums.sums.first_ns = .max
            words.withUnsafeMutableBytes { bytes in
                for cpu in 0..<UInt32(cpuCount) where Self.read(cpu, of: room.descriptor, into: bytes) {
                    sums.add(UnsafeRawBufferPointer(bytes))
                }
            }
            return sums
        }
    }

    /// A moment in which nothing is added, if there is one within a few attempts.
    private static func read(_ cpu: UInt32, of map: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        for _ in 0..<10 {
            var cpu = cpu
            guard bpf_map_lookup_elem(map, &cpu, bytes.baseAddress) == 0 else { return false }
            if bytes.load(as: probe_summary.self).busy == 0 { break }
        }
        return true
    }
}

extension KindSummaries.Sums {
    /// Adds those of one more CPU.
    fileprivate mutating func add(_ bytes: UnsafeRawBufferPointer) {
        sums.add(bytes.load(as: probe_summary.self))
        let words = bytes[MemoryLayout<probe_summary>.stride...]
        words.withMemoryRebound(to: UInt64.self) { words in
            for place in numbers.indices { numbers[place] &+= words[place] }
        }
    }
}
