// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Who lately held each CPU, by name. Fed in the order of the stream, it tells for an I/O that comes after them which
/// names its wait was spent on.
///
/// Bounded: so many holds are remembered of each CPU, and so many names in all; what is beyond has no name.
public struct HoldLog: Sendable {
    /// Part of a wait that went to one name.
    public struct Part: Equatable, Sendable {
        /// `poolWork` or `otherTask`.
        public var holder: CPUHolder
        /// Position in `names`.
        public var name: Int
        public var nanoseconds: UInt64
    }

    private struct Hold {
        var from: UInt64
        var until: UInt64
        /// Index of `sums`: two for each name, one for each holder.
        var key: Int
    }

    private struct Ring {
        var holds: [Hold] = []
        /// Where the oldest is, once the ring is full.
        var oldest = 0
    }

    public static let holdsOfACPU = 512
    public static let namesInAll = 4096
    private static let cpus = 8192
    private static let longestName = 64
    private static let namedHolders: [CPUHolder] = [.poolWork, .otherTask]

    /// All names so far. Untrusted.
    public private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]
    private var rings: [Ring] = []
    /// Overlap by key with the wait that is looked at; all 0 in between.
    private var sums: [UInt64] = []
    /// Of those that are not 0.
    private var keys: [Int] = []

    public init() {}

    public var isEmpty: Bool { rings.isEmpty }

    /// Remembers a hold. One that has no name, or no time in it, or a holder that is not told by name, is ignored.
    public mutating func add(_ hold: CPUHold) {
        guard let place = Self.namedHolders.firstIndex(of: hold.holder), hold.from < hold.until,
            Int(hold.cpu) < Self.cpus, let name = number(of: hold.name)
        else { return }
        let cpu = Int(hold.cpu)
        if cpu >= rings.count { rings.append(contentsOf: repeatElement(Ring(), count: cpu + 1 - rings.count)) }
        let entry = Hold(
            from: hold.from.nanoseconds, until: hold.until.nanoseconds, key: name * Self.namedHolders.count + place)
        if rings[cpu].holds.count < Self.holdsOfACPU {
            rings[cpu].holds.append(entry)
        } else {
            rings[cpu].holds[rings[cpu].oldest] = entry
            rings[cpu].oldest = (rings[cpu].oldest + 1) % Self.holdsOfACPU
        }
    }

    private mutating func number(of name: String) -> Int? {
        guard !name.isEmpty else { return nil }
        let short =
            name.utf8.count <= Self.longestName
            ? name : String(decoding: name.utf8.prefix(Self.longestName), as: UTF8.self)
        if let known = numbers[short] { return known }
        guard names.count < Self.namesInAll else { return nil }
        numbers[short] = names.count
        names.append(short)
        sums.append(contentsOf: repeatElement(0, count: Self.namedHolders.count))
        return names.count - 1
    }

    /// Splits what tasks and the pool's other works held of a wait among the names that were seen there meanwhile.
    /// The parts of a holder never exceed what it held; what is left of it has no name.
    @inline(__always)
    public mutating func parts(of wait: CPUWait) -> [Part] {
        var parts: [Part] = []
        forEachPart(of: wait) { parts.append($0) }
        return parts
    }

    /// Somebody worth a name held the CPU, and somebody was told by name.
    @inline(__always)
    public func canName(_ held: HeldTimes) -> Bool {
        !rings.isEmpty && held[.poolWork] | held[.otherTask] != 0
    }

    /// A wait in all its causes, those with names by name, the largest first: they sum to it.
    public mutating func shares(of wait: CPUWait) -> [WaitShare] {
        let parts = parts(of: wait)
        let shares = wait.causes.flatMap { cause, nanoseconds in
            let named = parts.filter { WaitCause($0.holder) == cause }
            let rest = nanoseconds - named.reduce(0) { $0 + $1.nanoseconds }
            return named.map { WaitShare(cause: cause, name: names[$0.name], nanoseconds: $0.nanoseconds) }
                + (rest > 0 ? [WaitShare(cause: cause, name: nil, nanoseconds: rest)] : [])
        }
        // The sort is stable: equal ones stay in the order of the closed list.
        return shares.sorted { $0.nanoseconds > $1.nanoseconds }
    }

    /// Calls `body` with the same parts, one after the other.
    public mutating func forEachPart(of wait: CPUWait, _ body: (Part) -> Void) {
        guard canName(wait.held), let cpu = wait.cpu, Int(cpu) < rings.count else { return }
        sumOverlaps(on: Int(cpu), with: wait)
        for (place, holder) in Self.namedHolders.enumerated() {
            let held = UInt64(wait.held[holder])
            let sum = keys.reduce(UInt128(0)) { $1 & 1 == place ? $0 + UInt128(sums[$1]) : $0 }
            if sum > UInt128(held) { fit(place, into: held) }
            for key in keys where key & 1 == place && sums[key] > 0 {
                body(Part(holder: holder, name: key / Self.namedHolders.count, nanoseconds: sums[key]))
            }
        }
        for key in keys { sums[key] = 0 }
        keys.removeAll(keepingCapacity: true)
    }

    private mutating func fit(_ place: Int, into held: UInt64) {
        let own = keys.filter { $0 & 1 == place }
        for (key, share) in zip(own, Self.fit(own.map { sums[$0] }, into: held)) { sums[key] = share }
    }

    /// Sums the overlaps by key, from the newest hold backwards until one ended before the wait began.
    private mutating func sumOverlaps(on cpu: Int, with wait: CPUWait) {
        let (from, until) = (wait.from.nanoseconds, wait.until.nanoseconds)
        let count = rings[cpu].holds.count
        var place = rings[cpu].oldest
        for _ in 0..<count {
            place = (place == 0 ? count : place) - 1
            let hold = rings[cpu].holds[place]
            if hold.until <= from { break }
            guard hold.from < until else { continue }
            if sums[hold.key] == 0 { keys.append(hold.key) }
            // At most 512 times a wait: only holds that overlap each other, in a corrupt file, could exceed 64 bits.
            sums[hold.key] = sums[hold.key].addingReportingOverflow(min(hold.until, until) - max(hold.from, from)).0
        }
    }

    /// Scales parts down, by largest remainder, when they are more than the whole: then they sum to it exactly.
    static func fit(_ parts: [UInt64], into whole: UInt64) -> [UInt64] {
        let sum = parts.reduce(UInt128(0)) { $0 + UInt128($1) }
        guard sum > UInt128(whole) else { return parts }
        let scaled = parts.map { (UInt128($0) * UInt128(whole)).quotientAndRemainder(dividingBy: sum) }
        var fitted = scaled.map { UInt64($0.quotient) }
        let missing = whole - fitted.reduce(0, +)
        let order = scaled.indices.sorted { (scaled[$1].remainder, $0) < (scaled[$0].remainder, $1) }
        for index in order.prefix(Int(missing)) { fitted[index] += 1 }
        return fitted
    }
}
