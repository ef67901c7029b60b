// SPDX-License-Identifier: GPL-2.0-only

/// The way of an I/O through the devices of its stack, and who brought it back.
///
/// A reference: most I/Os have none, and lives are copied often.
public final class LayerPath: Sendable {
    /// In the order in which they were entered; the last one is the disk where it was seen.
    public let layers: [LayerPassage]
    /// So many more did not fit.
    public let missed: UInt8
    /// The function of the work that ran `end_io`, or the name of a thread: a driver's or a layer's.
    public let deliverer: String?

    public init(layers: [LayerPassage], missed: UInt8 = 0, deliverer: String? = nil) {
        (self.layers, self.missed, self.deliverer) = (layers, missed, deliverer)
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
    /// It was given its first bio: `block_bio_queue`.
    public var entered: UInt64 = 0
    /// A work of the layer's own on the way down: `workqueue_queue_work`.
    public var queued: UInt64 = 0
    /// `workqueue_execute_start` of the same.
    public var started: UInt64 = 0
    /// The last `block_rq_issue` on it.
    public var issued: UInt64 = 0
    /// The last `block_rq_complete` on it, or `block_bio_complete`.
    public var done: UInt64 = 0

    /// Which layer made its bio, by place from 0; `nil` where that was not seen.
    public var giver: Int?

    public init(device: DeviceNumber) {
        self.device = device
    }
}
