// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// One of the readers that a capture's I/Os are shared out to, chunk by chunk in turn.
///
/// What is not I/Os is read by all of them: where the chunks are, who held CPUs before the I/Os that waited, the end.
public struct CaptureShare: Sendable {
    /// Which one of how many.
    struct Number: Sendable {
        private let number: Int
        private let count: Int

        static let whole = Number(0, of: 1)

        init(_ number: Int, of count: Int) {
            self.number = number
            self.count = count
        }

        /// Tells what all come by.
        var isFirst: Bool { number == 0 }

        func owns(_ chunk: Int) -> Bool { chunk % count == number }
    }

    private let reader: CaptureReader
    private let number: Number
    private let size: UInt64

    init(_ reader: CaptureReader, _ number: Number, size: UInt64) {
        self.reader = reader
        self.number = number
        self.size = size
    }

    /// Calls `each` with every I/O of this share in file order, and `hold` with everybody who held a CPU, before the
    /// I/Os that follow in the file.
    /// - Parameter progress: is told the part of the file that was gone through, from 0 to 1, at every chunk.
    /// - Returns: To be joined with those of the other shares.
    /// - Throws: `CaptureError.cannotRead`, or what `each` or `hold` throws.
    public func read(
        holds hold: (CPUHold) throws -> Void = { _ in }, progress: (Double) -> Void = { _ in },
        _ each: (DirectIO) throws -> Void
    ) throws -> CaptureSummary {
        var walk = ChunkWalk(reader.source, from: reader.body, size: size, share: number)
        var summary = CaptureSummary()
        while summary.end == nil, let chunk = try walk.next() {
            try summary.read(chunk, of: &walk, holds: hold, each)
            progress(Double(walk.position) / Double(size))
        }
        if summary.end == nil {
            if !walk.endsCut { walk.tell(.cut, at: walk.size, bytes: 0, ios: nil) }
        } else if walk.position < walk.size {
            walk.stop(at: walk.position, .afterEnd)
        }
        summary.damageLog = walk.damage
        summary.size = size
        return summary
    }
}

extension CaptureSummary {
    /// What all shares of a capture read, the first of them first.
    public init(joining shares: [CaptureSummary]) {
        self = shares.first ?? CaptureSummary()
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
