// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// How long I/Os were in each device of their stacks, who brought them back, and where they were not followed.
struct LayerAccumulator: ~Copyable, Sendable {
    private var parts: [LayerPart: (ios: UInt64, total: UInt128)] = [:]
    private var deliverers: [String: UInt64] = [:]
    /// By the last device that an I/O was seen to be given to: which of them give it to others is known at the end.
    private var ends: [DeviceNumber: LifeCounts] = [:]
    /// The last of them: by the next I/O too, as a rule.
    private var end = (device: DeviceNumber(kernel: 0), counts: LifeCounts())

    private(set) var requests = Report.Requests()

    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        let path = io.path
        count(path.map { end(of: $0, io) } ?? (io.hadNoBio ? DeviceNumber(kernel: 0) : io.device), life, 1)
        if !io.isPlain { count(io.further) }
        if let path { add(path, io, life) }
    }

    mutating func add(_ whole: AttributedSummary) {
        count(whole.summary.example.device, whole.life, whole.summary.ios)
    }

    @inline(__always)
    private mutating func count(_ device: DeviceNumber, _ life: AttributedLife, _ ios: UInt64) {
        if device != end.device { turn(to: device) }
        end.counts.add(life, ios)
    }

    /// What fails in a layer itself comes to no disk: there is nothing to be followed.
    @inline(never)
    private func end(of path: LayerPath, _ io: DirectIO) -> DeviceNumber {
        io.error != 0 && path.layers.count == 1
            ? DeviceNumber(kernel: 0) : path.lastFollowed(from: io.device, io.further.marks)
    }

    @inline(never)
    private mutating func turn(to device: DeviceNumber) {
        ends[end.device] = end.counts
        end = (device, ends[device] ?? LifeCounts())
    }

    private mutating func count(_ further: FurtherLife) {
        guard further.requests > 1 || further.bios > 1 || further.requeues > 0 else { return }
        requests.ios += 1
        requests.requests += UInt64(max(1, further.requests))
        requests.bios += UInt64(max(1, further.bios))
        requests.requeues += UInt64(further.requeues)
    }

    @inline(never)
    private mutating func add(_ path: LayerPath, _ io: DirectIO, _ life: AttributedLife) {
        if let deliverer = path.deliverer, life.context == .driverWorker { deliverers[deliverer, default: 0] += 1 }
        guard life.isFinished else { return }
        var seen: [LayerPart] = []
        LayerPart.forEach(of: io, evenOfOne: true) { part, nanoseconds in
            let sum = parts[part] ?? (0, 0)
            let isFirst = !seen.contains(part)
            if isFirst { seen.append(part) }
            parts[part] = (sum.ios + (isFirst ? 1 : 0), sum.total + UInt128(nanoseconds))
        }
    }

    mutating func add(_ other: borrowing LayerAccumulator) {
        parts.merge(other.parts) { ($0.ios + $1.ios, $0.total + $1.total) }
        deliverers.merge(other.deliverers) { $0 + $1 }
        var all = other.ends
        all[other.end.device] = other.end.counts
        for (device, counts) in all {
            turn(to: device)
            end.counts.add(counts)
        }
        requests.ios += other.requests.ios
        requests.requests += other.requests.requests
        requests.bios += other.requests.bios
        requests.requeues += other.requests.requeues
    }

    /// In causal order: down through the layers, the device, and back.
    /// - Parameter stacked: devices that give their I/O to others. Of one that is not, and is alone, there are no parts.
    func summaries(of latency: UInt128, stacked: Set<DeviceNumber>) -> [LayerStatistics] {
        let alone = Set(parts.keys.filter { $0.place == 0 && $0.phase == .device }.map(\.device)).subtracting(stacked)
        return parts.filter { $0.key.place > 0 || !alone.contains($0.key.device) }
            .map { part, sum in (part.known(isStacked: stacked.contains(part.device)), sum) }
            .sorted { Self.order($0.0) < Self.order($1.0) }
            .map { part, sum in
                LayerStatistics(
                    part: part, ios: sum.ios, total: sum.total, share: StageAccumulator.share(sum.total, of: latency))
            }
    }

    private static func order(_ part: LayerPart) -> (Int, Int, Int, UInt32) {
        let phase = LayerPart.Phase.allCases.firstIndex(of: part.phase) ?? 0
        return (part.phase == .back ? 1 : 0, part.place, phase, part.device.kernelNumber)
    }

    var delivererCounts: [Report.Deliverer] {
        deliverers.map { Report.Deliverer(name: $0.key, ios: $0.value) }
            .sorted { ($1.ios, $0.name) < ($0.ios, $1.name) }
    }

    /// I/Os that were last seen in a device that gives its I/O to others, the most first; and how many of them lack nothing
    /// else.
    func notFollowed(
        stacked: Set<DeviceNumber>, blind: LifePoints
    ) -> (devices: [Report.NotFollowed], complete: UInt64) {
        var all = ends
        all[end.device] = end.counts
        let these = all.filter { stacked.contains($0.key) }
        return (
            these.map { Report.NotFollowed(device: $0.key, ios: $0.value.ios) }
                .sorted { ($1.ios, $0.device.kernelNumber) < ($0.ios, $1.device.kernelNumber) },
            these.reduce(0) { $0 + $1.value.complete(blind: blind) }
        )
    }
}

/// I/Os by what was missed of them.
private struct LifeCounts: Sendable {
    private(set) var ios: UInt64 = 0
    /// Those without any other flaw.
    private var sound: [(missing: LifePoints, ios: UInt64)] = []

    @inline(__always)
    mutating func add(_ life: AttributedLife, _ times: UInt64) {
        ios &+= times
        guard life.isComplete(blind: life.missing) else { return }
        if let first = sound.first, first.missing == life.missing {
            sound[0].ios &+= times
        } else {
            add(life.missing, times)
        }
    }

    @inline(never)
    private mutating func add(_ missing: LifePoints, _ times: UInt64) {
        if let place = sound.firstIndex(where: { $0.missing == missing }) {
            sound[place].ios &+= times
        } else {
            sound.append((missing, times))
        }
    }

    mutating func add(_ other: LifeCounts) {
        ios &+= other.ios
        for (missing, times) in other.sound { add(missing, times) }
    }

    func complete(blind: LifePoints) -> UInt64 {
        sound.reduce(0) { sum, set in
            set.missing.subtracting(blind).subtracting(.borders).isEmpty ? sum &+ set.ios : sum
        }
    }
}

/// A part of the stage `device`, of the I/Os that came through several devices.
public struct LayerStatistics: Equatable, Sendable {
    public var part: LayerPart
    /// Those that have it.
    public var ios: UInt64
    /// Nanoseconds.
    public var total: UInt128
    /// The sum of all latencies.
    public var share: Double
}
