// SPDX-License-Identifier: GPL-2.0-only

/// Puts records together that `ColumnPacker` stored in columns, or whatever a file claims to be that.
final class ColumnUnpacker {
    private var records: [UInt64] = []
    /// The columns of times that the block has, a bit for each.
    private var timesThere: UInt64 = 0
    private let bases = TimeBases()

    /// Calls `body` with the records, aligned to 8 bytes.
    /// - Parameter count: the number of records, whose bytes are no more than the longest payload has.
    /// - Returns: `nil` when it is not so many records in columns.
    func unpack<Result>(
        _ payload: UnsafeRawBufferPointer, _ kind: ChunkKind, count: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard let columns = RecordColumns.of(kind), count > 0 else { return nil }
        let blocks = (count + RecordColumns.block - 1) / RecordColumns.block
        let words = blocks * RecordColumns.block * columns.size / 8
        if records.count < words { records = Array(repeating: 0, count: words) }
        let isRight = records.withUnsafeMutableBytes { records in
            guard let base = records.baseAddress else { return false }
            return unpack(payload, columns, blocks, into: base)
        }
        guard isRight else { return nil }
        return try records.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0.prefix(count * columns.size)))
        }
    }

    private func unpack(
        _ payload: UnsafeRawBufferPointer, _ columns: RecordColumns, _ blocks: Int,
        into records: UnsafeMutableRawPointer
    ) -> Bool {
        var cursor = Cursor(payload)
        guard let first = cursor.take(columns.size) else { return false }
        // The record before a block, without its times.
        var blank = (0..<columns.size / 8).map { first.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        var last = blank[columns.times[0]]
        var block = records
        for _ in 0..<blocks {
            for time in columns.times { blank[time] = 0 }
            guard unpack(&cursor, columns, blank, into: block) else { return false }
            takeTimes(columns, block, &last)
            block += RecordColumns.block * columns.size
            blank.withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: block - columns.size, count: columns.size))
            }
        }
        return cursor.isAtEnd
    }

    private func unpack(
        _ cursor: inout Cursor, _ columns: RecordColumns, _ blank: [UInt64], into block: UnsafeMutableRawPointer
    ) -> Bool {
        blank.withUnsafeBytes { blank in
            for row in 0..<RecordColumns.block {
                UnsafeMutableRawBufferPointer(start: block + row * columns.size, count: columns.size)
                    .copyMemory(from: blank)
            }
        }
        timesThere = 0
        guard let map = cursor.take(columns.mapSize) else { return false }
        let count = map.reduce(0) { $0 + $1.nonzeroBitCount }
        guard count != 0 else { return true }
        guard map[columns.mapSize - 1] >> UInt8((columns.count - 1) % 8) <= 1, let table = cursor.take(2 * count),
            var entry = table.baseAddress
        else { return false }
        for column in 0..<columns.count where map[column / 8] & 1 << UInt8(column % 8) != 0 {
            let shift = Int(entry.load(as: UInt8.self))
            let width = Int(entry.load(fromByteOffset: 1, as: UInt8.self))
            entry += 2
            let isTime = column < columns.times.count
            guard width > 0, shift + width <= (isTime ? 64 : 32), let values = cursor.numbers(of: width) else {
                return false
            }
            if isTime {
                timesThere |= 1 << UInt64(column)
                Self.take(values, shift, width, 0, UInt64.self, block + columns.times[column] * 8, columns.size)
            } else {
                let other = columns.others[column - columns.times.count]
                let flips = blank.withUnsafeBytes { $0.load(fromByteOffset: other * 4, as: UInt32.self) }
                Self.take(values, shift, width, flips, UInt32.self, block + other * 4, columns.size)
            }
        }
        return true
    }

    @inline(__always)
    private static func take<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: Cursor.Numbers, _ shift: Int, _ width: Int, _ flips: Number, _ type: Number.Type,
        _ target: UnsafeMutableRawPointer, _ stride: Int
    ) {
        switch RecordColumns.group(width) {
        case 8: take(8, values, shift, width, flips, type, target, stride)
        case 4: take(4, values, shift, width, flips, type, target, stride)
        case 2: take(2, values, shift, width, flips, type, target, stride)
        default: take(1, values, shift, width, flips, type, target, stride)
        }
    }

    /// - Parameter group: known when this is compiled.
    @inline(__always)
    private static func take<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ group: Int, _ values: Cursor.Numbers, _ shift: Int, _ width: Int, _ flips: Number, _ type: Number.Type,
        _ target: UnsafeMutableRawPointer, _ stride: Int
    ) {
        let mask = UInt64.max >> UInt64(64 - width)
        let (shift, bits) = (UInt64(shift), UInt64(width))
        var target = target
        for index in 0..<RecordColumns.block / group {
            var number = values[index]
            for _ in 0..<group {
                let value = Number(truncatingIfNeeded: (number & mask) &<< shift) ^ flips
                target.storeBytes(of: value, as: type)
                target += stride
                number = number &>> bits
            }
        }
    }

    /// Distances to times, a column after the other, of those that the block has.
    private func takeTimes(_ columns: RecordColumns, _ block: UnsafeMutableRawPointer, _ last: inout UInt64) {
        for (column, word) in columns.times.enumerated() {
            let isThere = timesThere & 1 << UInt64(column) != 0
            var place = block + word * 8
            if column == 0 {
                for row in 0..<RecordColumns.block {
                    if isThere { Self.take(place, &last) }
                    bases.setFirst(last, row: row)
                    place += columns.size
                }
                continue
            }
            bases.begin(column, of: columns)
            guard isThere else { continue }
            for row in 0..<RecordColumns.block {
                Self.take(place, &bases[row])
                place += columns.size
            }
        }
    }

    @inline(__always)
    private static func take(_ place: UnsafeMutableRawPointer, _ base: inout UInt64) {
        let time = TimeDistance.decode(place.load(as: UInt64.self), from: &base)
        place.storeBytes(of: time, as: UInt64.self)
    }
}

/// Goes through a payload, not beyond its end.
private struct Cursor {
    /// Numbers of so many bytes each.
    struct Numbers {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate let length: Int
        /// Bytes of the payload, from the first number on.
        fileprivate let readable: Int

        @inline(__always)
        subscript(index: Int) -> UInt64 {
            let offset = index &* length
            guard let base = bytes.baseAddress else { return 0 }
            // Most have more behind them: a word is read, and what is not of the number left out.
            if offset &+ 8 <= readable { return (base + offset).loadUnaligned(as: UInt64.self) }
            return (0..<length).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
        }
    }

    private var rest: UnsafeRawBufferPointer

    init(_ payload: UnsafeRawBufferPointer) {
        rest = payload
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= rest.count else { return nil }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }

    /// Those of a block's values of so many bits.
    mutating func numbers(of width: Int) -> Numbers? {
        let group = RecordColumns.group(width)
        let length = (group * width + 7) / 8
        let readable = rest.count
        return take(length * (RecordColumns.block / group)).map {
            Numbers(bytes: $0, length: length, readable: readable)
        }
    }
}
