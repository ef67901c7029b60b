// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

extension DirectIO {
    /// Decodes the record of an I/O that came through several devices, or that a driver's work delivered.
    public init?(record: probe_layered) {
        guard record.isIO else { return nil }
        self = withUnsafePointer(to: record) { DirectIO(checked: $0) }
    }

    /// The same of one with more to tell of its layers.
    public init?(record: probe_deep) {
        guard record.isIO else { return nil }
        self = withUnsafePointer(to: record) { DirectIO(checked: $0) }
    }

    init(checked record: UnsafePointer<probe_layered>) {
        self.init(checked: UnsafeRawPointer(record).assumingMemoryBound(to: probe_life.self))
        noteSleep(record)
        come(through: LayerPath(record, record.layers(since: recordedSubmission)))
    }

    init(checked record: UnsafePointer<probe_deep>) {
        let layered = UnsafeRawPointer(record).assumingMemoryBound(to: probe_layered.self)
        self.init(checked: UnsafeRawPointer(record).assumingMemoryBound(to: probe_life.self))
        noteSleep(layered)
        come(through: LayerPath(layered, record.layers(since: recordedSubmission)))
    }

    private mutating func come(through path: LayerPath) {
        // A record of this kind may be only of a sleep.
        guard !path.layers.isEmpty || path.missed > 0 || path.deliverer != nil else { return }
        self.path = path
        // The stage of the device begins where the first of them was given the I/O; the last layer keeps this time.
        guard let top = path.layers.first, top.entered != 0, !further.marks.contains(.topUnseen) else { return }
        // One that has no requests is given the I/O as it comes.
        guard path.layers.count > 1 || times[.issued] == 0 else { return }
        times[.issued] = top.entered
        // What came after that is of a disk below: its request, and what of the submission the layer cut off.
        for point in [LifePoint.returned, .requested] where times[point] > top.entered { times[point] = 0 }
        if times[.resumed] > top.entered { (times[.fellAsleep], times[.resumed]) = (0, 0) }
        // Nothing else holds it back where that did.
        if top.throttled != 0, times[.returned] != 0 { times[.requested] = top.entered }
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
    fileprivate convenience init(_ record: UnsafePointer<probe_layered>, _ layers: [LayerPassage]) {
        let name = withUnsafeBytes(of: record.pointee.deliverer_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(layers: layers, missed: record.pointee.layers_missed, deliverer: name.isEmpty ? nil : name)
    }
}

extension UnsafePointer<probe_layered> {
    /// - Parameter submitted: nanoseconds; what the record's times are relative to.
    fileprivate func layers(since submitted: UInt64) -> [LayerPassage] {
        passages(self, at: MemoryLayout<probe_layered>.offset(of: \.layers), PROBE_LAYERS, submitted)
    }
}

extension UnsafePointer<probe_deep> {
    fileprivate func layers(since submitted: UInt64) -> [LayerPassage] {
        var layers = UnsafeRawPointer(self).assumingMemoryBound(to: probe_layered.self).layers(since: submitted)
        if layers.count == Int(PROBE_LAYERS) {
            layers += passages(
                self, at: MemoryLayout<probe_deep>.offset(of: \.deeper), PROBE_DEEPER_LAYERS, submitted)
        }
        withUnsafeBytes(of: pointee.times) { bytes in
            for (place, times) in bytes.bindMemory(to: probe_layer_times.self).prefix(layers.count).enumerated() {
                layers[place].throttled = time(times.throttled_ns, since: submitted)
                layers[place].firstIssued = time(times.first_issued_ns, since: submitted)
            }
        }
        return layers
    }
}

/// Those of a record that begin at `offset`, up to the first that is none.
private func passages(
    _ record: UnsafeRawPointer, at offset: Int?, _ count: Int32, _ submitted: UInt64
) -> [LayerPassage] {
    guard let offset else { return [] }
    return (0..<Int(count)).lazy
        .map {
            (record + offset + $0 * MemoryLayout<probe_layer>.stride).assumingMemoryBound(to: probe_layer.self).pointee
        }
        .prefix { $0.dev != 0 }.map { LayerPassage($0, submitted: submitted) }
}

/// Nanoseconds; 0 for what was not seen, or is too late for a record.
private func time(_ since: UInt32, since submitted: UInt64) -> UInt64 {
    since == 0 || since == .max ? 0 : submitted &+ UInt64(since)
}

/// The same for a record.
private func since(_ submitted: UInt64, _ time: UInt64) -> UInt32 {
    time == 0 ? 0 : UInt32(clamping: max(1, time &- submitted))
}

extension LayerPassage {
    fileprivate init(_ layer: probe_layer, submitted: UInt64) {
        self.init(device: DeviceNumber(kernel: layer.dev))
        entered = time(layer.entered_ns, since: submitted)
        queued = time(layer.queued_ns, since: submitted)
        started = time(layer.started_ns, since: submitted)
        issued = time(layer.issued_ns, since: submitted)
        done = time(layer.done_ns, since: submitted)
        giver = (1...PROBE_ALL_LAYERS).contains(Int32(clamping: layer.giver)) ? Int(layer.giver) - 1 : nil
    }
}

extension probe_layer {
    fileprivate init(_ layer: LayerPassage, submitted: UInt64) {
        self.init()
        dev = layer.device.kernelNumber
        entered_ns = since(submitted, layer.entered)
        queued_ns = since(submitted, layer.queued)
        started_ns = since(submitted, layer.started)
        issued_ns = since(submitted, layer.issued)
        done_ns = since(submitted, layer.done)
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
        let submitted = io.recordedSubmission
        withUnsafeMutableBytes(of: &layers) { $0.fill(from: path.layers) { probe_layer($0, submitted: submitted) } }
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

extension probe_deep {
    /// Whether it is a record of an I/O: of that kind, and with a time of submission.
    @inline(__always)
    var isIO: Bool {
        UInt32(layered.life.waited.io.kind) == PROBE_RECORD_DEEP.rawValue && layered.life.waited.io.submitted_ns != 0
    }

    /// The record that decodes to `io`, for captures that do not come from the probes.
    public init(_ io: DirectIO) {
        self.init()
        layered = probe_layered(io)
        layered.life.waited.io.kind = UInt8(truncatingIfNeeded: PROBE_RECORD_DEEP.rawValue)
        guard let path = io.path else { return }
        let submitted = io.recordedSubmission
        withUnsafeMutableBytes(of: &deeper) {
            $0.fill(from: path.layers.dropFirst(Int(PROBE_LAYERS))) { probe_layer($0, submitted: submitted) }
        }
        withUnsafeMutableBytes(of: &times) {
            $0.fill(from: path.layers) {
                probe_layer_times(
                    throttled_ns: since(submitted, $0.throttled), first_issued_ns: since(submitted, $0.firstIssued))
            }
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// As many as there is room for.
    fileprivate func fill<Record>(from layers: some Sequence<LayerPassage>, _ record: (LayerPassage) -> Record) {
        let records = bindMemory(to: Record.self)
        for (place, layer) in zip(records.indices, layers) { records[place] = record(layer) }
    }
}
