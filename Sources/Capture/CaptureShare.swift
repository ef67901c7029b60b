// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Synchronization

/// One of the readers that a capture's I/Os are shared out to, chunk by chunk, each to a free reader. A fixed order would
/// not be even: chunks of I/Os that waited alternate with those of others, and take longer.
///
/// What is not I/Os is read by all of them: where the chunks are, who occupied CPUs before the I/Os that waited, the end.
public struct CaptureShare: Sendable {
    /// Whose chunks of I/Os are whose.
    struct Turn: Sendable {
        /// Reports damage that every share encounters.
        let isFirst: Bool
        /// `nil` when there is nobody else.
        private let chunks: Chunks?
        private var own = 0

        static let whole = Turn(first: true, of: nil)
        /// The turn of no I/Os.
        static let none = Turn(first: false, of: Chunks(taken: Int.max / 2))

        init(first isFirst: Bool, of chunks: Chunks?) {
            self.isFirst = isFirst
            self.chunks = chunks
        }

        /// Whether a chunk is this reader's, who comes by all of them in order.
        /// - Parameter chunk: how many chunks of I/Os there are up to it.
        mutating func owns(_ chunk: Int) -> Bool {
            guard let chunks else { return true }
            if chunk > own { own = chunks.next() }
            return chunk == own
        }
    }

    /// Chunks of I/Os that nobody has taken yet.
    final class Chunks: Sendable {
        private let taken: Atomic<Int>

        init(taken: Int = 0) { self.taken = Atomic(taken) }

        func next() -> Int { taken.add(1, ordering: .relaxed).newValue }
    }

    private let reader: CaptureReader
    private let turn: Turn
    private let size: UInt64

    init(_ reader: CaptureReader, _ turn: Turn, size: UInt64) {
        self.reader = reader
        self.turn = turn
        self.size = size
    }

    /// Calls `each` with every I/O of this share in file order, and `occupancy` with everybody who occupied a CPU, before the
    /// I/Os that follow in the file.
    /// - Parameter progress: is called with the part of the file that was read, from 0 to 1, at every chunk.
    /// - Returns: To be joined with those of the other shares.
    /// - Throws: `CaptureError.cannotRead`, or what `each` or `occupancy` throws.
    public func read(
        occupancies occupancy: (CPUOccupancy) throws -> Void = { _ in }, progress: (Double) -> Void = { _ in },
        _ each: (DirectIO) throws -> Void
    ) throws -> CaptureContents {
        var walk = ChunkWalk(reader.source, from: reader.body, size: size, turn: turn)
        var summary = CaptureContents()
        while summary.end == nil, let chunk = try walk.next() {
            try summary.read(chunk, of: &walk, occupancies: occupancy, each)
            progress(Double(walk.position) / Double(size))
        }
        if summary.end == nil {
            if !walk.endsCut { walk.report(.cut, at: walk.size, bytes: 0, ios: nil) }
        } else if walk.position < walk.size {
            walk.stop(at: walk.position, .afterEnd)
        }
        summary.damageLog = walk.damage
        summary.size = size
        return summary
    }
}

extension CaptureContents {
    /// What all shares of a capture read, the first of them first.
    public init(joining shares: [CaptureContents]) {
        self = shares.first ?? CaptureContents()
        for share in shares.dropFirst() {
            ios &+= share.ios
            records &+= share.records
            unparsedIOs &+= share.unparsedIOs
            damageLog.add(share.damageLog)
        }
        if let end, damageLog.count == 0, end.ios != records {
            damageLog.add(.miscounted(expected: end.ios, found: records), at: size, bytes: 0, ios: nil)
        }
    }
}
