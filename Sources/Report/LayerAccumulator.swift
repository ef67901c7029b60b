// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// How long I/Os were in each device of their stacks, and who brought them back.
struct LayerAccumulator: ~Copyable, Sendable {
    private var parts: [LayerPart: (ios: UInt64, total: UInt128)] = [:]
    private var deliverers: [String: UInt64] = [:]

    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        if let path = io.path { add(path, io, life) }
    }

    @inline(never)
    private mutating func add(_ path: LayerPath, _ io: DirectIO, _ life: AttributedLife) {
        if let deliverer = path.deliverer, life.context == .driverWorker { deliverers[deliverer, default: 0] += 1 }
        guard life.isFinished else { return }
        LayerPart.forEach(of: io) { part, nanoseconds in
            let sum = parts[part] ?? (0, 0)
            parts[part] = (sum.ios + 1, sum.total + UInt128(nanoseconds))
        }
    }

    mutating func add(_ other: borrowing LayerAccumulator) {
        parts.merge(other.parts) { ($0.ios + $1.ios, $0.total + $1.total) }
        deliverers.merge(other.deliverers) { $0 + $1 }
    }

    /// In causal order: down through the layers, the device, and back.
    func summaries(of latency: UInt128) -> [LayerSummary] {
        parts.sorted { Self.order($0.key) < Self.order($1.key) }.map { part, sum in
            LayerSummary(
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
}

/// A part of the stage `device`, of the I/Os that came through several devices.
public struct LayerSummary: Equatable, Sendable {
    public var part: LayerPart
    /// Those that have it.
    public var ios: UInt64
    /// Nanoseconds.
    public var total: UInt128
    /// Of all latencies.
    public var share: Double
}
