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
        /// The same of one that gives it to others, where that was not seen.
        case notFollowed = "not_followed"
        /// The layers, on its way back.
        case back
    }

    /// The same time, of a device that gives its I/O to others which were not seen.
    public var notFollowed: LayerPart { LayerPart(device: device, place: place, phase: .notFollowed) }

    /// Cuts the time from the first layer's entry to where `end_io` was called for into parts, without a rest.
    /// - Parameters:
    ///   - evenOfOne: also where there is but one device.
    ///   - body: is called with each part that took time, in causal order.
    public static func forEach(of io: DirectIO, evenOfOne: Bool = false, _ body: (LayerPart, UInt64) -> Void) {
        guard let layers = io.path?.layers, evenOfOne || layers.count > 1, let top = layers.first, top.entered != 0,
            let end = end(of: io)
        else { return }
        // The only one may have requests: then its stage begins where it was given that.
        var time = layers.count > 1 ? top.entered : io.times[.issued]
        guard time != 0, end >= time else { return }
        func take(until next: UInt64, _ place: Int, _ phase: Phase) {
            guard next > time, next <= end else { return }
            body(LayerPart(device: layers[place].device, place: place, phase: phase), next - time)
            time = next
        }
        let givers = givers(in: layers)
        for (place, layer) in layers.enumerated() {
            if place > 0 { take(until: layer.entered, giver(to: place, in: layers), .work) }
            if givers >> UInt64(place) & 1 != 0, layer.issued != 0 { take(until: layer.issued, place, .issue) }
            take(until: layer.queued, place, .work)
            if layer.queued != 0 { take(until: layer.started, place, .queueWait) }
        }
        let disk = lastDone(of: layers, givers)
        take(until: layers[disk].issued, disk, .issue)
        // A driver may find in its own work that the device was done.
        take(until: min(layers[disk].done, end), disk, .device)
        take(until: end, 0, .back)
    }

    /// The layer that gave an I/O to this one: mostly the one before it, but a mirror gives it to several.
    private static func giver(to place: Int, in layers: [LayerPassage]) -> Int {
        layers[place].giver.flatMap { $0 < place ? $0 : nil } ?? place - 1
    }

    /// Bit *n*: the layer at place *n* gave the I/O to another.
    private static func givers(in layers: [LayerPassage]) -> UInt64 {
        layers.indices.dropFirst().reduce(0) { $0 | 1 << UInt64(giver(to: $1, in: layers)) }
    }

    /// The disk that the I/O waited for: a mirror waits for all that it gave it to.
    private static func lastDone(of layers: [LayerPassage], _ givers: UInt64) -> Int {
        let disk = layers.count - 1
        guard layers[disk].issued != 0 else { return disk }
        return layers.indices.filter { layers[$0].issued != 0 && givers >> UInt64($0) & 1 == 0 }
            .max { (layers[$0].done, $0) < (layers[$1].done, $1) } ?? disk
    }

    /// Where the stage `device` ends.
    private static func end(of io: DirectIO) -> UInt64? {
        [LifePoint.raised, .interrupted, .ended, .completed].lazy.map { io.times[$0] }
            .first { $0 != 0 && $0 >= io.times[.issued] }
    }
}
