// SPDX-License-Identifier: GPL-2.0-only

/// Nanoseconds of one wait by name, in the order in which the names first had some. Its memory is used again for every
/// wait.
struct NameSums: Sendable {
    /// By name; all 0 between two waits.
    private var sums: [UInt64] = []
    /// Names whose sum is not 0.
    private var names: [Int] = []
    private var remainders: [(name: Int, remainder: UInt128)] = []

    mutating func add(_ nanoseconds: UInt64, name: Int) {
        if name >= sums.count { sums.append(contentsOf: repeatElement(0, count: name + 1 - sums.count)) }
        if sums[name] == 0 { names.append(name) }
        // At most 512 times a wait: only occupants that overlap in time, in a corrupt file, could exceed 64 bits.
        sums[name] &+= nanoseconds
    }

    /// Calls `body` with each name's part of the wait, and forgets them.
    /// - Parameter whole: nanoseconds that the parts are not to exceed in all.
    @inline(__always)
    mutating func take(atMost whole: UInt64, _ body: (_ name: Int, _ nanoseconds: UInt64) -> Void) {
        guard !names.isEmpty else { return }
        fit(into: whole)
        for name in names {
            if sums[name] > 0 { body(name, sums[name]) }
            sums[name] = 0
        }
        names.removeAll(keepingCapacity: true)
    }

    /// Scales the parts down, by largest remainder, when they are more than the whole: then they sum to it exactly.
    private mutating func fit(into whole: UInt64) {
        // Most waits have one name, which needs no division.
        if names.count == 1 { return sums[names[0]] = min(sums[names[0]], whole) }
        let sum = names.reduce(UInt128(0)) { $0 + UInt128(sums[$1]) }
        guard sum > UInt128(whole) else { return }
        var missing = whole
        for name in names {
            let scaled = (UInt128(sums[name]) * UInt128(whole)).quotientAndRemainder(dividingBy: sum)
            sums[name] = UInt64(scaled.quotient)
            missing -= sums[name]
            remainders.append((name, scaled.remainder))
        }
        // The sort is stable: of equal remainders the first goes first.
        if missing > 0 { remainders.sort { $0.remainder > $1.remainder } }
        for (name, _) in remainders.prefix(Int(missing)) { sums[name] += 1 }
        remainders.removeAll(keepingCapacity: true)
    }
}
