// SPDX-License-Identifier: GPL-2.0-only

/// How the records of a kind are stored in columns, a block of records at a time: `Documentation/CaptureFormat.md`.
///
/// A column is a time, in 64 bits, or any other 32 bits of a record. Any bytes are records to it.
struct RecordColumns: Sendable {
    /// Records of a block.
    static let block = 32

    /// Bytes of a record, a multiple of 8.
    let size: Int
    /// Words of times. The first is stored relative to that of the record before.
    let times: [Int]
    /// The places in `times` from which on they are stored relative to the first.
    let runs: [Int]
    /// All else, by 32 bits.
    let others: [Int]
    /// Where 16 bytes begin, of those that together hold all else.
    let lanes: [Int]

    static let ios = RecordColumns(size: RecordSize.io, times: [8, 7, 6, 5, 4, 3, 2, 9, 10], runs: [1, 7])
    static let waitedIOs = RecordColumns(size: RecordSize.waitedIO, times: ios.times, runs: ios.runs)
    static let lives = RecordColumns(
        size: RecordSize.life, times: ios.times + [28, 27, 26, 25, 24, 30, 29, 31], runs: [1, 7, 9, 14])
    static let layeredIOs = RecordColumns(size: RecordSize.layered, times: lives.times, runs: lives.runs)
    static let deepIOs = RecordColumns(size: RecordSize.deep, times: lives.times, runs: lives.runs)
    static let occupancies = RecordColumns(size: RecordSize.occupancy, times: [2, 1], runs: [1])

    /// `nil` for what is not worth it: JSON, and threads.
    static func of(_ kind: ChunkKind) -> RecordColumns? {
        switch kind {
        case .ios: ios
        case .waitedIOs: waitedIOs
        case .lives: lives
        case .layeredIOs: layeredIOs
        case .deepIOs: deepIOs
        case .occupancies: occupancies
        case .threads, .session, .devices, .loss, .end, .cpus, .places, .fileUsers, .summary, .sampling, .files,
            .account, .bursts:
            nil
        }
    }

    private init(size: Int, times: [Int], runs: [Int]) {
        self.size = size
        self.times = times
        self.runs = runs
        others = (0..<size / 4).filter { !times.contains($0 / 2) }
        var lanes: [Int] = []
        for place in others.map({ $0 * 4 }) where lanes.last.map({ place >= $0 + 16 }) ?? true {
            lanes.append(min(place, size - 16))
        }
        self.lanes = lanes
    }

    var count: Int { times.count + others.count }
    /// Bytes of a bit for each column.
    var mapSize: Int { (count + 7) / 8 }
    /// Bytes that a block takes at most.
    var longestBlock: Int { mapSize + 2 * count + size * Self.block }

    /// So many values of a column make a number together, which begins at a byte.
    @inline(__always)
    static func group(_ width: Int) -> Int {
        width > 32 ? 1 : width > 16 ? 2 : width > 8 ? 4 : 8
    }
}

/// What the next time of each row of a block is relative to.
final class TimeBases {
    private let current = UnsafeMutablePointer<UInt64>.allocate(capacity: RecordColumns.block)
    private let firsts = UnsafeMutablePointer<UInt64>.allocate(capacity: RecordColumns.block)

    deinit {
        current.deallocate()
        firsts.deallocate()
    }

    /// The first column, from row to row.
    @inline(__always)
    func setFirst(_ time: UInt64, row: Int) { firsts[row] = time }

    /// - Parameter column: of times, but the first.
    @inline(__always)
    func begin(_ column: Int, of columns: RecordColumns) {
        if columns.runs.contains(column) { current.update(from: firsts, count: RecordColumns.block) }
    }

    @inline(__always)
    subscript(row: Int) -> UInt64 {
        get { current[row] }
        _modify { yield &current[row] }
    }
}

/// A time as its distance from another, 0 for one that was not seen: small where the two are near.
enum TimeDistance {
    private static let farthest: UInt64 = 1 << 63

    /// - Parameter base: becomes the time, if there is one.
    @inline(__always)
    static func encode(_ time: UInt64, from base: inout UInt64) -> UInt64 {
        guard time != 0 else { return 0 }
        var code = ZigZag.fold(time &- base) &+ 1
        // Where 2^64 codes are one too few: the code that the time 0 would have is not needed for that.
        if code == 0 { code = ZigZag.fold(0 &- base) &+ 1 }
        base = time
        return code
    }

    @inline(__always)
    static func decode(_ code: UInt64, from base: inout UInt64) -> UInt64 {
        guard code != 0 else { return 0 }
        var time = base &+ ZigZag.unfold(code &- 1)
        if time == 0 { time = base &+ farthest }
        base = time
        return time
    }
}
