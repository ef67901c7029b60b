// SPDX-License-Identifier: GPL-2.0-only

/// Packs the records of a chunk in columns of bits: for the recorder as cheap as writing them unpacked.
///
/// Not for sharing between threads.
final class ColumnPacker {
    /// Distances of times, a column after the other.
    private let distances = UnsafeMutablePointer<UInt64>.allocate(
        capacity: RecordColumns.lives.times.count * RecordColumns.block)
    private let bases = TimeBases()
    /// Bits that are set in any value of a column, by its word or its 32 bits.
    private let timeBits = UnsafeMutablePointer<UInt64>.allocate(capacity: RecordColumns.lives.times.count)
    private let otherBits = UnsafeMutablePointer<UInt32>.allocate(capacity: RecordSize.deep / 4)
    /// The last block, filled up.
    private let rest = UnsafeMutableRawPointer.allocate(
        byteCount: RecordSize.deep * RecordColumns.block, alignment: 16)
    private var space = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16)

    /// Below, raw records are hardly longer.
    static let fewestRecords = 8

    deinit {
        distances.deallocate()
        timeBits.deallocate()
        otherBits.deallocate()
        rest.deallocate()
        space.deallocate()
    }

    /// Calls `body` with the payload in columns.
    /// - Parameter payload: of a chunk of this kind, aligned to 8 bytes.
    /// - Returns: `nil` when that is not shorter.
    func pack<Result>(
        _ kind: ChunkKind, _ payload: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        guard let columns = RecordColumns.of(kind), let start = payload.baseAddress,
            payload.count % columns.size == 0, payload.count >= Self.fewestRecords * columns.size,
            let end = pack(columns, start, count: payload.count / columns.size), end < payload.count
        else { return nil }
        return body(UnsafeRawBufferPointer(rebasing: space[..<end]))
    }

    private func pack(_ columns: RecordColumns, _ records: UnsafeRawPointer, count: Int) -> Int? {
        let blocks = (count + RecordColumns.block - 1) / RecordColumns.block
        // A word more: numbers are stored as words, whatever their length.
        let most = columns.size + blocks * columns.longestBlock + 8
        if space.count < most {
            space.deallocate()
            space = .allocate(byteCount: most, alignment: 16)
        }
        guard let base = space.baseAddress else { return nil }
        base.copyMemory(from: records, byteCount: columns.size)
        var out = base + columns.size
        var before = records
        var last = records.load(fromByteOffset: columns.times[0] * 8, as: UInt64.self)
        for first in stride(from: 0, to: count, by: RecordColumns.block) {
            var block = records + first * columns.size
            if count - first < RecordColumns.block { block = filledUp(block, count - first, columns.size) }
            out = pack(columns, block, before: before, &last, to: out)
            before = block + (RecordColumns.block - 1) * columns.size
        }
        return out - base
    }

    /// With its last record again and again.
    private func filledUp(_ records: UnsafeRawPointer, _ count: Int, _ size: Int) -> UnsafeRawPointer {
        rest.copyMemory(from: records, byteCount: count * size)
        for index in count..<RecordColumns.block {
            (rest + index * size).copyMemory(from: records + (count - 1) * size, byteCount: size)
        }
        return UnsafeRawPointer(rest)
    }

    private func pack(
        _ columns: RecordColumns, _ block: UnsafeRawPointer, before: UnsafeRawPointer, _ last: inout UInt64,
        to start: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        takeDistances(columns, block, &last)
        gatherBits(columns, block, before: before)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: columns.mapSize)
        var table = start + columns.mapSize
        for column in 0..<columns.count {
            let bits =
                column < columns.times.count
                ? timeBits[column] : UInt64(otherBits[columns.others[column - columns.times.count]])
            guard bits != 0 else { continue }
            start.storeBytes(
                of: start.load(fromByteOffset: column / 8, as: UInt8.self) | 1 << UInt8(column % 8),
                toByteOffset: column / 8, as: UInt8.self)
            table.storeBytes(of: UInt8(bits.trailingZeroBitCount), as: UInt8.self)
            table.storeBytes(
                of: UInt8(64 - bits.leadingZeroBitCount - bits.trailingZeroBitCount), toByteOffset: 1, as: UInt8.self)
            table += 2
        }
        return putColumns(columns, block, before: before, to: table)
    }

    private func putColumns(
        _ columns: RecordColumns, _ block: UnsafeRawPointer, before: UnsafeRawPointer, to start: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var out = start
        for time in columns.times.indices where timeBits[time] != 0 {
            let values = UnsafeRawPointer(distances + time * RecordColumns.block)
            Self.put(values, stride: 8, UInt64.self, flips: 0, timeBits[time], &out)
        }
        for other in columns.others where otherBits[other] != 0 {
            let flips = UInt64(before.load(fromByteOffset: other * 4, as: UInt32.self))
            Self.put(
                block + other * 4, stride: columns.size, UInt32.self, flips: flips, UInt64(otherBits[other]), &out)
        }
        return out
    }

    /// Times to distances, a column after the other: most of a long record's are of no I/O of the block.
    private func takeDistances(_ columns: RecordColumns, _ block: UnsafeRawPointer, _ last: inout UInt64) {
        for (column, word) in columns.times.enumerated() {
            let times = block + word * 8
            let codes = distances + column * RecordColumns.block
            timeBits[column] = 0
            if column == 0 {
                for row in 0..<RecordColumns.block {
                    let time = (times + row * columns.size).load(as: UInt64.self)
                    codes[row] = TimeDistance.encode(time, from: &last)
                    timeBits[0] |= codes[row]
                    bases.setFirst(last, row: row)
                }
                continue
            }
            bases.begin(column, of: columns)
            guard Self.areThere(times, stride: columns.size) else { continue }
            var (bits, place) = (UInt64(0), times)
            for row in 0..<RecordColumns.block {
                let code = TimeDistance.encode(place.load(as: UInt64.self), from: &bases[row])
                codes[row] = code
                bits |= code
                place += columns.size
            }
            timeBits[column] = bits
        }
    }

    @inline(__always)
    private static func areThere(_ times: UnsafeRawPointer, stride: Int) -> Bool {
        var place = times
        for _ in 0..<RecordColumns.block {
            if place.load(as: UInt64.self) != 0 { return true }
            place += stride
        }
        return false
    }

    /// What differs from the record before the block, 16 bytes at a time. Those of times come to nothing.
    private func gatherBits(_ columns: RecordColumns, _ block: UnsafeRawPointer, before: UnsafeRawPointer) {
        for lane in columns.lanes {
            let flips = before.loadUnaligned(fromByteOffset: lane, as: SIMD4<UInt32>.self)
            var bits = SIMD4<UInt32>.zero
            var place = block + lane
            for _ in 0..<RecordColumns.block {
                bits |= place.loadUnaligned(as: SIMD4<UInt32>.self) ^ flips
                place += columns.size
            }
            UnsafeMutableRawPointer(otherBits).storeBytes(of: bits, toByteOffset: lane, as: SIMD4<UInt32>.self)
        }
    }

    /// Writes the values of a column, of which only these bits differ from `flips`.
    @inline(__always)
    private static func put<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: UnsafeRawPointer, stride: Int, _ type: Number.Type, flips: UInt64, _ bits: UInt64,
        _ out: inout UnsafeMutableRawPointer
    ) {
        let shift = UInt64(bits.trailingZeroBitCount)
        let width = 64 - bits.leadingZeroBitCount - bits.trailingZeroBitCount
        if shift == 0 {
            put(values, stride, type, flips, 0, width, &out)
        } else {
            put(values, stride, type, flips, shift, width, &out)
        }
    }

    @inline(__always)
    private static func put<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: UnsafeRawPointer, _ stride: Int, _ type: Number.Type, _ flips: UInt64, _ shift: UInt64, _ width: Int,
        _ out: inout UnsafeMutableRawPointer
    ) {
        switch RecordColumns.group(width) {
        case 8: put(8, values, stride, type, flips, shift, width, &out)
        case 4: put(4, values, stride, type, flips, shift, width, &out)
        case 2: put(2, values, stride, type, flips, shift, width, &out)
        default: put(1, values, stride, type, flips, shift, width, &out)
        }
    }

    /// - Parameter group: known when this is compiled.
    @inline(__always)
    private static func put<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ group: Int, _ values: UnsafeRawPointer, _ stride: Int, _ type: Number.Type, _ flips: UInt64, _ shift: UInt64,
        _ width: Int, _ out: inout UnsafeMutableRawPointer
    ) {
        let length = (group * width + 7) / 8
        let bits = UInt64(width)
        var place = values
        for _ in 0..<RecordColumns.block / group {
            var number: UInt64 = 0
            for index in 1...group {
                let value = UInt64((place + (group - index) * stride).load(as: type))
                number = number &<< bits | (value ^ flips) &>> shift
            }
            out.storeBytes(of: number, as: UInt64.self)
            out += length
            place += group * stride
        }
    }
}
