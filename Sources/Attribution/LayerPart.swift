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
        /// Its cgroup's `io.max` holds back what the layer above gave it.
        case throttled
        /// It waits to be issued: for a tag, in a plug, for a scheduler; of several requests the first.
        case issue
        /// The device has it.
        case device
        /// The same of one that gives it to others, where that was not seen.
        case notFollowed = "not_followed"
        /// The layers, on its way back.
        case back
    }

    /// The same time: a device that gives its I/O to others does not have it itself, they were not seen.
    public func known(isStacked: Bool) -> LayerPart {
        phase == .device && isStacked ? LayerPart(device: device, place: place, phase: .notFollowed) : self
    }

    /// Cuts the time from the first layer's entry to where `end_io` was called for into parts, without a rest.
    /// - Parameters:
    ///   - evenOfOne: also where there is but one device.
    ///   - body: is called with each part that took time, in causal order; with those of a device it may be called twice.
    public static func forEach(of io: DirectIO, evenOfOne: Bool = false, _ body: (LayerPart, UInt64) -> Void) {
        guard let path = io.path, case let layers = path.layers, evenOfOne || layers.count > 1, let top = layers.first,
            top.entered != 0 || top.issued != 0, !io.further.marks.contains(.topUnseen), let end = end(of: io)
        else { return }
        // The only one may have requests: then its stage begins where it was given that. So it does where the entry was missed.
        var time = layers.count > 1 && top.entered != 0 ? top.entered : io.times[.issued]
        guard time != 0, end >= time else { return }
        func take(until next: UInt64, _ place: Int, _ phase: Phase) {
            guard next > time, next <= end else { return }
            body(LayerPart(device: layers[place].device, place: place, phase: phase), next - time)
            time = next
        }
        // The disks that it waited for may be among those that did not fit.
        guard path.missed == 0 else { return take(until: end, 0, .notFollowed) }
        // Once a disk has a request of it, the layers give others theirs beside that.
        let (disk, first) = (path.disk, path.firstDisk)
        let begun = layers[first].reached == 0 ? .max : layers[first].reached
        func take(down next: UInt64, _ place: Int, _ phase: Phase) { take(until: min(next, begun), place, phase) }
        for (place, layer) in layers.enumerated() {
            if place > 0 {
                take(down: layer.throttled, path.giver(to: place), .work)
                if layer.throttled != 0 { take(down: layer.entered, place, .throttled) }
                take(down: layer.entered, path.giver(to: place), .work)
            }
            if layer.issued != 0, path.isGiver(place) { take(down: layer.reached, place, .issue) }
            take(down: layer.queued, place, .work)
            if layer.queued != 0 { take(down: layer.started, place, .queueWait) }
        }
        if first != disk {
            take(until: layers[first].reached, first, .issue)
            let (done, next) = (layers[first].done, layers[disk].reached)
            take(until: done == 0 ? next : min(done, next), first, .device)
        }
        take(until: layers[disk].reached, disk, .issue)
        // Without its end there is no way back either.
        guard layers[disk].done != 0 else {
            return take(until: end, path.lastFollowed, layers.count > 1 ? .notFollowed : .device)
        }
        // A driver may find in its own work that the device was done; what a layer fails itself comes to no device.
        let isOwn = io.error != 0 && layers.count == 1 && top.issued == 0
        take(until: min(layers[disk].done, end), disk, isOwn ? .work : .device)
        take(until: end, 0, .back)
    }

    /// Where the stage `device` ends.
    private static func end(of io: DirectIO) -> UInt64? {
        [LifePoint.raised, .interrupted, .ended, .completed].lazy.map { io.times[$0] }
            .first { $0 != 0 && $0 >= io.times[.issued] }
    }
}
