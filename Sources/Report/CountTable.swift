// SPDX-License-Identifier: GPL-2.0-only

/// Numbers that begin at 0, in memory of their own that can grow. In the path of every I/O: an array would ask at each
/// write whether somebody shares it.
struct CountTable: ~Copyable, @unchecked Sendable {
    // Owned: `count` initialised numbers, nobody else has the pointer; given back by deinit. Hence sendable.
    private var base: UnsafeMutablePointer<UInt64>
    private(set) var count: Int

    init(_ count: Int) {
        base = Self.allocate(count)
        base.initialize(repeating: 0, count: max(1, count))
        self.count = count
    }

    /// At the begin of a line of the cache, for tables whose rows are one.
    private static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt64> {
        let bytes = max(1, count) * MemoryLayout<UInt64>.stride
        return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
            to: UInt64.self, capacity: max(1, count))
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    mutating func grow(to size: Int) {
        guard size > count else { return }
        let larger = Self.allocate(size)
        larger.initialize(from: base, count: count)
        (larger + count).initialize(repeating: 0, count: size - count)
        UnsafeMutableRawPointer(base).deallocate()
        (base, count) = (larger, size)
    }

    subscript(index: Int) -> UInt64 {
        @inline(__always)
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
            return base[index]
        }
        @inline(__always)
        set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
            base[index] = newValue
        }
    }

    /// Adds to eight numbers that lie side by side; the first of them is at a multiple of 8.
    @inline(__always)
    mutating func add(_ numbers: SIMD8<UInt64>, at index: Int) {
        precondition(index & 7 == 0 && index >= 0 && index &+ 8 <= count)
        // Aligned as the table is; bound to UInt64, of which the vector is made up.
        let place = UnsafeMutableRawPointer(base + index)
        place.storeBytes(of: place.load(as: SIMD8<UInt64>.self) &+ numbers, as: SIMD8<UInt64>.self)
    }

    /// Adds each number of `other` to the one at the same place.
    mutating func add(_ other: borrowing CountTable) {
        grow(to: other.count)
        for index in 0..<other.count { self[index] &+= other[index] }
    }

    /// The sum of all numbers in `range`, which must be within the table.
    func sum(_ range: Range<Int>) -> UInt64 {
        range.reduce(0) { $0 &+ self[$1] }
    }
}
