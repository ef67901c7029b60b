// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

/// Rewrites the records of a chunk, in place and reversibly, so that most bytes of most records are 0: what a packed
/// chunk is made of, see `Documentation/CaptureFormat.md`.
///
/// Any bytes are records to it: what no recorder writes comes back the same too, only not smaller.
struct RecordCoding {
    /// Bytes of a record, a multiple of 8.
    let size: Int
    /// Offset of the time that is told as the difference to that of the record before.
    private let anchor: Int
    /// Offsets of times that are told as the difference to the one before them, the first to the anchor.
    private let chains: [[Int]]
    /// Offsets of the sums of holders, with those of the times between which they lie.
    private let waits: [(held: Int, from: Int, until: Int)]
    /// By word: the bits that are told as the difference to the first record of the chunk, by exclusive or.
    private let masks: [UInt64]

    /// `nil` for what is not worth it: JSON, and threads.
    init?(_ kind: ChunkKind) {
        let times = [[56, 48, 40, 32, 24, 16], [72, 80]]
        switch kind {
        case .ios: self.init(size: RecordSize.io, anchor: 64, chains: times, waits: [])
        case .waitedIOs:
            self.init(size: RecordSize.waitedIO, anchor: 64, chains: times, waits: [(128, 48, 56), (160, 64, 80)])
        case .holds: self.init(size: RecordSize.hold, anchor: 16, chains: [[8]], waits: [])
        case .threads, .session, .devices, .loss, .end, .cpus, .places, .fileUsers: return nil
        }
    }

    private init(size: Int, anchor: Int, chains: [[Int]], waits: [(held: Int, from: Int, until: Int)]) {
        self.size = size
        self.anchor = anchor
        self.chains = chains
        self.waits = waits
        var masks = [UInt64](repeating: .max, count: size / 8)
        for time in [anchor] + chains.flatMap(\.self) { masks[time / 8] = 0 }
        for wait in waits {
            for word in 0..<4 { masks[wait.held / 8 + word] = 0 }
        }
        self.masks = masks
    }

    /// - Parameter records: whole records, at least one, aligned to 8 bytes.
    func encode(_ records: UnsafeMutableRawBufferPointer, first: [UInt64]) {
        var last = startingPoint(first)
        for record in self.records(records) {
            // Sums first, while the times they are made from are still there.
            for wait in waits {
                let sums = UnsafeMutableRawPointer(record).advanced(by: wait.held).assumingMemoryBound(to: UInt32.self)
                sums[0] &-= prediction(of: wait, sums, record)
            }
            let time = record[anchor / 8]
            let start = time == 0 ? last : time
            for chain in chains {
                var base = start
                for offset in chain {
                    let value = record[offset / 8]
                    record[offset / 8] = TimeCode.encode(value, from: base)
                    if value != 0 { base = value }
                }
            }
            record[anchor / 8] = TimeCode.encode(time, from: last)
            last = start
            for word in masks.indices { record[word] ^= first[word] & masks[word] }
        }
    }

    /// The anchor that the first record's is told from.
    func startingPoint(_ first: [UInt64]) -> UInt64 { first[anchor / 8] }

    /// Undoes `encode`.
    /// - Parameter last: the anchor of the record before, taken along from part to part of a chunk.
    @inline(__always)
    func decode(_ records: UnsafeMutableRawBufferPointer, first: [UInt64], last: inout UInt64) {
        for record in self.records(records) {
            for word in masks.indices { record[word] ^= first[word] & masks[word] }
            let time = TimeCode.decode(record[anchor / 8], from: last)
            record[anchor / 8] = time
            last = time == 0 ? last : time
            for chain in chains {
                var base = last
                for offset in chain {
                    let value = TimeCode.decode(record[offset / 8], from: base)
                    record[offset / 8] = value
                    if value != 0 { base = value }
                }
            }
            for wait in waits {
                let sums = UnsafeMutableRawPointer(record).advanced(by: wait.held).assumingMemoryBound(to: UInt32.self)
                sums[0] &+= prediction(of: wait, sums, record)
            }
        }
    }

    /// The first holder had what the others leave of the wait, if the others are known.
    @inline(__always)
    private func prediction(
        of wait: (held: Int, from: Int, until: Int), _ sums: UnsafeMutablePointer<UInt32>,
        _ record: UnsafeMutablePointer<UInt64>
    ) -> UInt32 {
        var others: UInt32 = 0
        for holder in 1..<8 { others &+= sums[holder] }
        guard others != 0 else { return 0 }
        return UInt32(truncatingIfNeeded: record[wait.until / 8] &- record[wait.from / 8]) &- others
    }

    @inline(__always)
    private func records(
        _ bytes: UnsafeMutableRawBufferPointer
    ) -> LazyMapSequence<StrideTo<Int>, UnsafeMutablePointer<UInt64>> {
        let words = bytes.assumingMemoryBound(to: UInt64.self)
        // The buffer is not empty, so it has a base; the pointers live as long as the caller's buffer.
        let base = words.baseAddress.unsafelyUnwrapped
        return stride(from: 0, to: words.count, by: size / 8).lazy.map { base + $0 }
    }
}

/// A time as its distance from another, 0 for one that was not seen: small where the two are near.
enum TimeCode {
    @inline(__always)
    static func encode(_ time: UInt64, from base: UInt64) -> UInt64 {
        guard time != 0 else { return 0 }
        // The code of a time 0, which is taken out, so that 0 can stand for it and no other code is lost.
        let absent = fold(0 &- base)
        let code = fold(time &- base)
        return code < absent ? code &+ 1 : code
    }

    @inline(__always)
    static func decode(_ code: UInt64, from base: UInt64) -> UInt64 {
        guard code != 0 else { return 0 }
        return base &+ unfold(code <= fold(0 &- base) ? code &- 1 : code)
    }

    /// Differences near 0, of either sign, to small numbers.
    @inline(__always)
    private static func fold(_ difference: UInt64) -> UInt64 {
        difference << 1 ^ (difference >> 63 == 0 ? 0 : .max)
    }

    @inline(__always)
    private static func unfold(_ code: UInt64) -> UInt64 {
        code >> 1 ^ (code & 1 == 0 ? 0 : .max)
    }
}
