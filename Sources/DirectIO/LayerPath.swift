// SPDX-License-Identifier: GPL-2.0-only

/// The way of an I/O through the devices of its stack, and who brought it back.
///
/// A reference: most I/Os have none, and lives are copied often.
public final class LayerPath: Sendable {
    /// In the order in which they were entered; the last one is the disk where it was seen.
    public let layers: [LayerPassage]
    /// More came that did not fit, so often.
    public let missed: UInt8
    /// The function of the work that ran `end_io`, or the name of a thread: a driver's or a layer's.
    public let deliverer: String?

    public init(layers: [LayerPassage], missed: UInt8 = 0, deliverer: String? = nil) {
        (self.layers, self.missed, self.deliverer) = (layers, missed, deliverer)
    }
}

extension LayerPath {
    /// The layer that gave an I/O to this one: mostly the one before it, but a mirror gives it to several.
    public func giver(to place: Int) -> Int {
        layers[place].giver.flatMap { $0 < place ? $0 : nil } ?? place - 1
    }

    /// The layer at this place gave the I/O to another.
    public func isGiver(_ place: Int) -> Bool {
        layers.indices.dropFirst().contains { giver(to: $0) == place }
    }

    /// The place of the disk that the I/O waited for: a mirror waits for all that it gave it to. A volume that shares its
    /// disk with another gave it to nobody, and has no requests. 0 where there are no layers.
    public var disk: Int {
        disks.max { (layers[$0].done, $0) < (layers[$1].done, $1) } ?? max(0, layers.count - 1)
    }

    /// The one that had a request of it first.
    public var firstDisk: Int { disks.min { layers[$0].reached < layers[$1].reached } ?? disk }

    private var disks: [Int] { layers.indices.filter { layers[$0].issued != 0 && !isGiver($0) } }

    /// The last device that all is known down to: the disk, or the one below which something was not seen.
    /// - Parameter own: that of the I/O.
    public func lastFollowed(from own: DeviceNumber, _ marks: LifeMarks) -> DeviceNumber {
        guard let top = layers.first, !marks.contains(.topUnseen) else { return own }
        return missed == 0 ? layers[lastFollowed].device : top.device
    }

    /// Its place. When the disk was done was not seen: then it is the one that gave it to the disk.
    public var lastFollowed: Int {
        let disk = disk
        return layers[disk].done == 0 && disk > 0 ? giver(to: disk) : disk
    }
}

extension LayerPath: Equatable {
    public static func == (one: LayerPath, other: LayerPath) -> Bool {
        one === other || one.layers == other.layers && one.missed == other.missed && one.deliverer == other.deliverer
    }
}

/// One device of a stack. Times are nanoseconds of `CLOCK_MONOTONIC`, 0 for what was not seen, as in `SeenTimes`.
public struct LayerPassage: Equatable, Sendable {
    public var device: DeviceNumber
    /// Its cgroup's `io.max` held back what came to it first, until `entered`: `__blk_throtl_bio`.
    public var throttled: UInt64 = 0
    /// It was given its first bio: `block_bio_queue`.
    public var entered: UInt64 = 0
    /// A work of the layer's own on the way down: `workqueue_queue_work`.
    public var queued: UInt64 = 0
    /// `workqueue_execute_start` of the same.
    public var started: UInt64 = 0
    /// The first `block_rq_issue` on it, where that is not the last one.
    public var firstIssued: UInt64 = 0
    /// The last `block_rq_issue` on it.
    public var issued: UInt64 = 0
    /// The last `block_rq_complete` on it, or `block_bio_complete`.
    public var done: UInt64 = 0

    /// The first request that came to it was issued.
    public var reached: UInt64 { firstIssued == 0 ? issued : firstIssued }

    /// Which layer made its bio, by place from 0; `nil` where that was not seen.
    public var giver: Int?

    public init(device: DeviceNumber) {
        self.device = device
    }
}
