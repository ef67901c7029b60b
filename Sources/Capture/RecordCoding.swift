// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

/// Rewrites the records of a chunk, in place and reversibly, so that most bytes of most records are 0: what a packed
/// chunk is made of, see `Documentation/CaptureFormat.md`.
///
/// Any bytes are records to it: what no recorder writes comes back the same too, only not smaller.
struct RecordCoding {
    /// Bytes of a record, a multiple of 8.
    let size: Int
    /// The word of the time that is stored as the distance from that of the record before.
    private let anchor: Int
    /// Words of times that are stored as the distance from the one before them, or at a start from the anchor.
    private let times: [(word: Int, starts: Bool)]
    /// The first word of the sums of occupants, and those of the times between which they lie.
    private let waits: [(clocks: Int, from: Int, until: Int)]
    /// By word: whether it is stored as the difference to that of the first record, by exclusive or.
    private let flips: [Bool]

    /// `nil` for what is not worth it: JSON, and threads.
    init?(_ kind: ChunkKind) {
        let times = [7, 6, 5, 4, 3, 2, 9, 10].map { (word: $0, starts: $0 == 7 || $0 == 9) }
        switch kind {
        case .ios: self.init(size: RecordSize.io, anchor: 8, times: times, waits: [])
        case .waitedIOs:
            self.init(size: RecordSize.waitedIO, anchor: 8, times: times, waits: [(16, 6, 7), (20, 8, 10)])
        case .lives, .layeredIOs, .deepIOs:
            let further = [28, 27, 26, 25, 24, 30, 29, 31].map { (word: $0, starts: $0 == 28 || $0 == 30) }
            self.init(
                size: kind.recordSize ?? RecordSize.life, anchor: 8, times: times + further,
                waits: [(16, 6, 7), (20, 8, 10), (32, 28, 4), (36, 5, 8), (40, 29, 30)])
        case .occupancies: self.init(size: RecordSize.occupancy, anchor: 2, times: [(1, true)], waits: [])
        case .threads, .session, .devices, .loss, .end, .cpus, .places, .fileUsers, .summary, .sampling, .files,
            .account, .bursts:
            return nil
        }
    }

    private init(
        size: Int, anchor: Int, times: [(word: Int, starts: Bool)], waits: [(clocks: Int, from: Int, until: Int)]
    ) {
        self.size = size
        self.anchor = anchor
        self.times = times
        self.waits = waits
        let own = [anchor] + times.map(\.word) + waits.flatMap { Array($0.clocks..<$0.clocks + 4) }
        flips = (0..<size / 8).map { !own.contains($0) }
    }

    /// What all records of a chunk are stored relative to.
    struct Base {
        /// The anchor of the record before.
        fileprivate var last: UInt64
        /// Words of the first record where they are stored as the difference to it.
        fileprivate let flips: [(word: Int, bits: UInt64)]
    }

    /// - Parameter first: the first record of the chunk, in words.
    func base(_ first: [UInt64]) -> Base {
        Base(
            last: first[anchor],
            flips: first.indices.filter { flips[$0] && first[$0] != 0 }.map { (word: $0, bits: first[$0]) })
    }

    /// - Parameter records: whole records, aligned to 8 bytes: all of a chunk, or part after part.
    func encode(_ records: UnsafeMutableRawBufferPointer, _ base: inout Base) {
        forEach(records, base) { record, times, waits, flips in
            // Sums first, while the times they are made from are still there.
            for wait in waits { Self.sums(record, wait)[0] &-= Self.prediction(record, wait) }
            let time = record[anchor]
            let start = time == 0 ? base.last : time
            var before = start
            for (word, starts) in times {
                if starts { before = start }
                let value = record[word]
                record[word] = TimeCode.encode(value, from: before)
                if value != 0 { before = value }
            }
            record[anchor] = TimeCode.encode(time, from: base.last)
            base.last = start
            for (word, bits) in flips { record[word] ^= bits }
        }
    }

    /// Undoes `encode`.
    func decode(_ records: UnsafeMutableRawBufferPointer, _ base: inout Base) {
        forEach(records, base) { record, times, waits, flips in
            for (word, bits) in flips { record[word] ^= bits }
            let time = TimeCode.decode(record[anchor], from: base.last)
            record[anchor] = time
            if time != 0 { base.last = time }
            var before = base.last
            for (word, starts) in times {
                if starts { before = base.last }
                let value = TimeCode.decode(record[word], from: before)
                record[word] = value
                if value != 0 { before = value }
            }
            for wait in waits { Self.sums(record, wait)[0] &+= Self.prediction(record, wait) }
        }
    }

    private typealias Wait = (clocks: Int, from: Int, until: Int)
    private typealias Step = (word: Int, starts: Bool)
    private typealias Flip = (word: Int, bits: UInt64)

    /// In the path of every I/O: an array would be retained for each record.
    @inline(__always)
    private func forEach(
        _ records: UnsafeMutableRawBufferPointer, _ base: Base,
        _ body: (
            UnsafeMutablePointer<UInt64>, UnsafeBufferPointer<Step>, UnsafeBufferPointer<Wait>,
            UnsafeBufferPointer<Flip>
        ) -> Void
    ) {
        let words = records.assumingMemoryBound(to: UInt64.self)
        guard let start = words.baseAddress else { return }
        times.withUnsafeBufferPointer { times in
            waits.withUnsafeBufferPointer { waits in
                base.flips.withUnsafeBufferPointer { flips in
                    for word in stride(from: 0, to: words.count, by: size / 8) {
                        body(start + word, times, waits, flips)
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func sums(_ record: UnsafeMutablePointer<UInt64>, _ wait: Wait) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(record + wait.clocks).assumingMemoryBound(to: UInt32.self)
    }

    /// The first occupant had what the others leave of the wait, if the others are known.
    @inline(__always)
    private static func prediction(_ record: UnsafeMutablePointer<UInt64>, _ wait: Wait) -> UInt32 {
        let sums = sums(record, wait)
        let others = sums[1] &+ sums[2] &+ sums[3] &+ sums[4] &+ sums[5] &+ sums[6] &+ sums[7]
        guard others != 0 else { return 0 }
        return UInt32(truncatingIfNeeded: record[wait.until] &- record[wait.from]) &- others
    }
}

/// A time as its distance from another, 0 for one that was not seen: small where the two are near.
enum TimeCode {
    @inline(__always)
    static func encode(_ time: UInt64, from base: UInt64) -> UInt64 {
        guard time != 0 else { return 0 }
        // The code of a time 0, which is taken out, so that 0 can stand for it and no other code is lost.
        let absent = ZigZag.fold(0 &- base)
        let code = ZigZag.fold(time &- base)
        return code < absent ? code &+ 1 : code
    }

    @inline(__always)
    static func decode(_ code: UInt64, from base: UInt64) -> UInt64 {
        guard code != 0 else { return 0 }
        return base &+ ZigZag.unfold(code <= ZigZag.fold(0 &- base) ? code &- 1 : code)
    }
}
