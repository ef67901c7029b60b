// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import CProbeRecords
import Glibc

/// The rings through which records reach user space: one per CPU, or shared by several on a big machine.
final class ProbeRings {
    let count: Int
    private var descriptors: [Int32] = []
    private var reader: OpaquePointer?
    private let delivery: Delivery

    /// What libbpf's callback gets: it has no other way to reach Swift.
    private final class Delivery {
        let sink: RecordSink
        private let names: OccupantNames?
        private let functions: OccupantNames

        init(to sink: RecordSink, naming functions: OccupantNames, areOccupantsNamed: Bool) {
            self.sink = sink
            self.functions = functions
            names = areOccupantsNamed ? functions : nil
        }

        func deliver(occupancy: UnsafeRawBufferPointer) {
            guard let names else { return sink.take(occupancy) }
            withUnsafeBytes(of: names.named(occupancy: occupancy)) { sink.take($0) }
        }

        func deliver(layered: UnsafeRawBufferPointer) {
            withUnsafeBytes(of: functions.named(io: layered)) {
                sink.take(UnsafeRawBufferPointer(rebasing: $0.prefix(layered.count)))
            }
        }
    }

    static let maximumCount = 64

    /// Records after which a CPU wakes the reader: at most a quarter of a ring, as several CPUs may share one, and seldom.
    /// A power of two: the probes divide by it at every record.
    let wakeEvery: UInt32
    /// With the ring's own header.
    private static let largestRecord = MemoryLayout<probe_deep>.size + 8

    /// Rings for so many CPUs: a power of two, so that a CPU finds its ring by a mask.
    static func count(forCPUs cpus: Int) -> Int {
        var count = 1
        while count < min(cpus, maximumCount) { count *= 2 }
        return count
    }

    private static func powerOfTwo(upTo limit: Int) -> Int {
        1 << (Int.bitWidth - 1 - max(1, limit).leadingZeroBitCount)
    }

    /// - Parameters:
    ///   - bytes: size of all rings together; each gets a power of two of at least 64 KiB.
    ///   - names: of functions, for what ran end_io.
    ///   - areOccupantsNamed: records of occupancies too, where the probes send any.
    init(count: Int, bytes: Int, sink: RecordSink, naming names: OccupantNames, areOccupantsNamed: Bool)
        throws(ProbeError)
    {
        self.count = count
        delivery = Delivery(to: sink, naming: names, areOccupantsNamed: areOccupantsNamed)
        var size = 64 << 10
        while size * 2 * count <= bytes { size *= 2 }
        wakeEvery = UInt32(Self.powerOfTwo(upTo: min(4096, size / 4 / Self.largestRecord)))
        for _ in 0..<count {
            let descriptor = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "probe_ring", 0, 0, UInt32(size), nil)
            guard descriptor >= 0 else {
                throw .refused(step: "creating a ring of \(size) bytes", errno: errno, detail: "")
            }
            descriptors.append(descriptor)
        }
    }

    deinit {
        if let reader { ring_buffer__free(reader) }
        for descriptor in descriptors { close(descriptor) }
    }

    /// Puts the rings into the map in which the programs look for them.
    func install(in outerMap: Int32) throws(ProbeError) {
        for (index, descriptor) in descriptors.enumerated() {
            var (key, value) = (UInt32(index), descriptor)
            guard bpf_map_update_elem(outerMap, &key, &value, 0) == 0 else {
                throw .refused(step: "installing a ring", errno: errno, detail: "")
            }
        }
        // Unretained: the reader is freed before `delivery`, which this object owns.
        let context = Unmanaged.passUnretained(delivery).toOpaque()
        for descriptor in descriptors {
            if let reader {
                guard ring_buffer__add(reader, descriptor, Self.deliver, context) == 0 else {
                    throw .refused(step: "reading a ring", errno: errno, detail: "")
                }
            } else {
                reader = ring_buffer__new(descriptor, Self.deliver, context, nil)
                guard reader != nil else { throw .refused(step: "reading a ring", errno: errno, detail: "") }
            }
        }
    }

    private static let usual = MemoryLayout<probe_io>.size...MemoryLayout<probe_life>.size

    /// Unmanaged: to retain and release would be a third of what it does.
    private static let deliver: ring_buffer_sample_fn = { context, data, size in
        guard let context, let data else { return 0 }
        let record = UnsafeRawBufferPointer(start: data, count: size)
        Unmanaged<Delivery>.fromOpaque(context)._withUnsafeGuaranteedRef { delivery in
            // Most are I/Os through no layer, and nothing else is as long.
            if ProbeRings.usual.contains(size) { return delivery.sink.take(record) }
            if OccupantNames.isOccupancy(record) { return delivery.deliver(occupancy: record) }
            if OccupantNames.isLayered(record) { return delivery.deliver(layered: record) }
            delivery.sink.take(record)
        }
        return 0
    }

    /// Sleeps until woken by a filling ring, a signal or the timeout, then takes all records that are there.
    @available(*, noasync, message: "blocks the calling thread")
    func drain(timeoutMilliseconds: Int32) {
        guard let reader else { return }
        if timeoutMilliseconds > 0 { _ = ring_buffer__poll(reader, timeoutMilliseconds) }
        // Most records are put in without waking anybody, and poll looks only at rings that woke it.
        _ = ring_buffer__consume(reader)
    }
}
