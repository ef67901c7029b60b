// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension DirectIO {
    /// Decodes the record of an I/O that came through several devices, or that a driver's work delivered.
    public init?(record: probe_layered) {
        guard record.isIO else { return nil }
        self = withUnsafePointer(to: record) { DirectIO(checked: $0) }
    }

    init(checked record: UnsafePointer<probe_layered>) {
        self.init(checked: UnsafeRawPointer(record).assumingMemoryBound(to: probe_life.self))
        noteSleep(record)
        let path = LayerPath(record, submitted: Timestamp(nanoseconds: recordedSubmission))
        // A record of this kind may be only of a sleep.
        guard !path.layers.isEmpty || path.missed > 0 || path.deliverer != nil else { return }
        self.path = path
        // The stage of the device begins where the first of them was given the I/O; the last layer keeps this time.
        guard let top = path.layers.first, top.entered != 0 else { return }
        // One that has no requests is given the I/O as it comes.
        guard path.layers.count > 1 || times[.issued] == 0 else { return }
        times[.issued] = top.entered
        // What came after that is of a disk below: its request, and what of the submission the layer cut off.
        for point in [LifePoint.returned, .requested] where times[point] > top.entered { times[point] = 0 }
        if times[.resumed] > top.entered { (times[.fellAsleep], times[.resumed]) = (0, 0) }
    }

    /// Sleeps of a submission are shown as one, before the last wake-up.
    private mutating func noteSleep(_ record: UnsafePointer<probe_layered>) {
        let (low, middle, high) = record.pointee.asleep
        let asleep = UInt64(low) | UInt64(middle) << 8 | UInt64(high) << 16
        let resumed = UInt64(record.pointee.resumed)
        guard asleep > 0, asleep <= resumed, record.pointee.resumed < .max else { return }
        times[.resumed] = recordedSubmission &+ resumed << UInt64(PROBE_SLEEP_UNIT_SHIFT)
        times[.fellAsleep] = times[.resumed] &- asleep << UInt64(PROBE_SLEEP_UNIT_SHIFT)
    }
}

extension LayerPath {
    fileprivate convenience init(_ record: UnsafePointer<probe_layered>, submitted: Timestamp) {
        let base = UnsafeRawPointer(record)
        let offset = MemoryLayout<probe_layered>.offset(of: \.layers) ?? 0
        let layers = (0..<Int(PROBE_LAYERS)).map {
            (base + offset + $0 * MemoryLayout<probe_layer>.stride).assumingMemoryBound(to: probe_layer.self).pointee
        }
        let name = withUnsafeBytes(of: record.pointee.deliverer_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(
            layers: layers.prefix { $0.dev != 0 }.map { LayerPassage($0, submitted: submitted.nanoseconds) },
            missed: record.pointee.layers_missed, deliverer: name.isEmpty ? nil : name)
    }
}

extension LayerPassage {
    fileprivate init(_ layer: probe_layer, submitted: UInt64) {
        func time(_ since: UInt32) -> UInt64 { since == 0 || since == .max ? 0 : submitted &+ UInt64(since) }
        self.init(device: DeviceNumber(kernel: layer.dev))
        entered = time(layer.entered_ns)
        queued = time(layer.queued_ns)
        started = time(layer.started_ns)
        issued = time(layer.issued_ns)
        done = time(layer.done_ns)
        giver = (1...PROBE_LAYERS).contains(Int32(clamping: layer.giver)) ? Int(layer.giver) - 1 : nil
    }
}

extension probe_layer {
    fileprivate init(_ layer: LayerPassage, submitted: UInt64) {
        func since(_ time: UInt64) -> UInt32 { time == 0 ? 0 : UInt32(clamping: max(1, time &- submitted)) }
        self.init()
        dev = layer.device.kernelNumber
        entered_ns = since(layer.entered)
        queued_ns = since(layer.queued)
        started_ns = since(layer.started)
        issued_ns = since(layer.issued)
        done_ns = since(layer.done)
        giver = layer.giver.map { UInt32(clamping: $0 + 1) } ?? 0
    }
}

extension probe_layered {
    /// Whether it is a record of an I/O: of that kind, and with a time of submission.
    @inline(__always)
    var isIO: Bool {
        UInt32(life.waited.io.kind) == PROBE_RECORD_LAYERED.rawValue && life.waited.io.submitted_ns != 0
    }

    /// The record that decodes to `io`, for captures that do not come from the probes.
    public init(_ io: DirectIO) {
        self.init()
        life = probe_life(io)
        life.waited.io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_LAYERED.rawValue)
        noteSleep(of: io)
        guard let path = io.path else { return }
        withUnsafeMutableBytes(of: &layers) { bytes in
            for (index, layer) in path.layers.prefix(Int(PROBE_LAYERS)).enumerated() {
                bytes.storeBytes(
                    of: probe_layer(layer, submitted: io.recordedSubmission),
                    toByteOffset: index * MemoryLayout<probe_layer>.stride, as: probe_layer.self)
            }
        }
        withUnsafeMutableBytes(of: &deliverer_name) {
            $0.copyBytes(from: (path.deliverer ?? "").utf8.prefix($0.count - 1))
        }
        layers_missed = path.missed
    }
    private mutating func noteSleep(of io: DirectIO) {
        guard io.times[.resumed] > io.times[.fellAsleep], io.times[.fellAsleep] > 0 else { return }
        func units(_ time: UInt64, since begin: UInt64) -> UInt64 { (time &- begin) >> UInt64(PROBE_SLEEP_UNIT_SHIFT) }
        let slept = min(units(io.times[.resumed], since: io.times[.fellAsleep]), UInt64(PROBE_LONGEST_SLEEP))
        asleep = (UInt8(truncatingIfNeeded: slept), UInt8(truncatingIfNeeded: slept >> 8), UInt8(slept >> 16))
        resumed = UInt32(clamping: units(io.times[.resumed], since: io.recordedSubmission))
    }
}
