// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// A part of the time that an I/O spent in the devices of a stack.
public struct LayerPart: Hashable, Sendable {
    public let device: DeviceNumber
    /// From the top, 0 first.
    public let place: Int
    public let phase: Phase

    public enum Phase: String, Sendable, CaseIterable {
        /// The layer has it, on its way down.
        case work
        /// It waits for a work of the layer's own.
        case queueWait = "queue_wait"
        /// It waits to be issued: in a plug, for a scheduler.
        case issue
        /// The device has it.
        case device
        /// The layers, on its way back.
        case back
    }

    /// Cuts the time from the first layer's entry to where `end_io` was called for into parts, without a rest.
    /// - Parameter body: is called with each part that took time, in causal order.
    public static func forEach(of io: DirectIO, _ body: (LayerPart, UInt64) -> Void) {
        guard let layers = io.path?.layers, layers.count > 1, let top = layers.first, top.entered != 0,
            let end = end(of: io), end >= top.entered
        else { return }
        var time = top.entered
        func take(until next: UInt64, _ place: Int, _ phase: Phase) {
            guard next > time, next <= end else { return }
            body(LayerPart(device: layers[place].device, place: place, phase: phase), next - time)
            time = next
        }
        for (place, layer) in layers.enumerated() {
            if place > 0 { take(until: layer.entered, place - 1, .work) }
            take(until: layer.queued, place, .work)
            if layer.queued != 0 { take(until: layer.started, place, .queueWait) }
        }
        let disk = layers.lastIndex { $0.issued != 0 } ?? layers.count - 1
        take(until: layers[disk].issued, disk, .issue)
        // A mirror has several, and waits for all of them. A driver may find in its own work that the device was done.
        let done = layers.dropFirst().filter { $0.issued != 0 }.map(\.done).max() ?? 0
        take(until: min(done, end), disk, .device)
        take(until: end, 0, .back)
    }

    /// Where the stage `device` ends.
    private static func end(of io: DirectIO) -> UInt64? {
        [LifePoint.raised, .interrupted, .ended, .completed].lazy.map { io.times[$0] }
            .first { $0 != 0 && $0 >= io.times[.issued] }
    }
}
