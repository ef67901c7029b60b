// SPDX-License-Identifier: GPL-2.0-only

/// Numbers that begin at 0, in memory of their own that can grow. In the path of every I/O: an array would ask at each
/// write whether somebody shares it.
struct CountTable: ~Copyable, @unchecked Sendable {
    // Owned: `count` initialised numbers, nobody else has the pointer; given back by deinit. Hence sendable.
    private var base: UnsafeMutablePointer<UInt64>
    private(set) var count: Int

    init(_ count: Int) {
        base = .allocate(capacity: max(1, count))
        base.initialize(repeating: 0, count: max(1, count))
        self.count = count
    }

    deinit { base.deallocate() }

    mutating func grow(to size: Int) {
        guard size > count else { return }
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
        larger.initialize(from: base, count: count)
        (larger + count).initialize(repeating: 0, count: size - count)
        base.deallocate()
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

    /// Adds each number of `other` to the one at the same place.
    mutating func add(_ other: borrowing CountTable) {
        grow(to: other.count)
        for index in 0..<other.count { self[index] &+= other[index] }
    }

    /// Of all numbers in `range`, which must be within the table.
    func sum(_ range: Range<Int>) -> UInt64 {
        range.reduce(0) { $0 &+ self[$1] }
    }
}
