// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Who lately occupied each CPU, by name. Fed in the order of the stream, it finds for an I/O that comes after them which
/// names its wait was spent on.
///
/// Bounded: so many occupancies are remembered of each CPU, and so many names in all; what is beyond has no name.
public struct OccupancyLog: Sendable {
    /// Part of a wait that went to one name.
    public struct Part: Equatable, Sendable {
        /// `poolWork` or `otherTask`.
        public var occupant: CPUOccupant
        /// Position in `names`.
        public var name: Int
        public var nanoseconds: UInt64
    }

    public static let occupanciesOfACPU = OccupancyRing.capacity
    public static let namesInAll = 4096
    private static let cpus = 8192
    private static let longestName = 64

    /// All names so far. Untrusted.
    public private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]
    /// That of the recorder itself, `nil` as long as it was not seen on a CPU.
    public private(set) var recorder: Int?
    private var rings: [OccupancyRing] = []
    private var poolWork = NameSums()
    private var otherTask = NameSums()

    public init() {}

    public var isEmpty: Bool { rings.isEmpty }

    /// Remembers an occupancy. One that has no name, or no time in it, or an occupant without a name, is ignored.
    public mutating func add(_ occupancy: CPUOccupancy) {
        guard occupancy.occupant == .poolWork || occupancy.occupant == .otherTask, occupancy.from < occupancy.until,
            Int(occupancy.cpu) < Self.cpus, let name = number(of: occupancy.name)
        else { return }
        let cpu = Int(occupancy.cpu)
        if cpu >= rings.count { rings.append(contentsOf: repeatElement(OccupancyRing(), count: cpu + 1 - rings.count)) }
        rings[cpu].add(
            .init(
                from: occupancy.from.nanoseconds, until: occupancy.until.nanoseconds, name: Int32(name),
                occupant: occupancy.occupant))
    }

    private mutating func number(of name: String) -> Int? {
        guard !name.isEmpty else { return nil }
        let short =
            name.utf8.count <= Self.longestName
            ? name : String(decoding: name.utf8.prefix(Self.longestName), as: UTF8.self)
        if let known = numbers[short] { return known }
        guard names.count < Self.namesInAll else { return nil }
        numbers[short] = names.count
        if short == CPUOccupancy.recorderName { recorder = names.count }
        names.append(short)
        return names.count - 1
    }

    /// Splits the part of a wait that tasks and other work items of the pool occupied among the names that were seen there meanwhile.
    /// The parts of an occupant never exceed what it occupied; what is left of it has no name.
    @inline(__always)
    public mutating func parts(of wait: CPUWait) -> [Part] {
        var parts: [Part] = []
        forEachPart(of: wait) { parts.append($0) }
        return parts
    }

    /// Occupants with a name took part of the wait, and some are known.
    @inline(__always)
    public func canName(_ occupied: OccupantTimes) -> Bool {
        !rings.isEmpty && occupied[.poolWork] | occupied[.otherTask] != 0
    }

    /// A wait in all its causes, those with names by name, the largest first: they sum to it.
    public mutating func shares(of wait: CPUWait) -> [WaitShare] {
        let parts = parts(of: wait)
        let shares = wait.causes.flatMap { cause, nanoseconds in
            let named = parts.filter { WaitCause($0.occupant) == cause }
            let rest = nanoseconds - named.reduce(0) { $0 + $1.nanoseconds }
            return named.map { WaitShare(cause: cause, name: names[$0.name], nanoseconds: $0.nanoseconds) }
                + (rest > 0 ? [WaitShare(cause: cause, name: nil, nanoseconds: rest)] : [])
        }
        // The sort is stable: equal ones stay in the order of the closed list.
        return shares.sorted { $0.nanoseconds > $1.nanoseconds }
    }

    /// Nanoseconds of an I/O in which it waited for a CPU that the recorder had.
    public mutating func recorderPart(of life: AttributedLife, of io: DirectIO) -> UInt64 {
        guard let recorder else { return 0 }
        var sum: UInt64 = 0
        for stage in Stage.waits {
            guard let wait = life.wait(stage, of: io) else { continue }
            forEachPart(of: wait) { if $0.name == recorder, $0.occupant == .otherTask { sum &+= $0.nanoseconds } }
        }
        return sum
    }

    /// Calls `body` with the same parts, one after the other.
    public mutating func forEachPart(of wait: CPUWait, _ body: (Part) -> Void) {
        guard canName(wait.occupied), let cpu = wait.cpu, Int(cpu) < rings.count else { return }
        rings[Int(cpu)].addOverlaps(with: wait, poolWork: &poolWork, otherTask: &otherTask)
        poolWork.take(atMost: UInt64(wait.occupied[.poolWork])) {
            body(Part(occupant: .poolWork, name: $0, nanoseconds: $1))
        }
        otherTask.take(atMost: UInt64(wait.occupied[.otherTask])) {
            body(Part(occupant: .otherTask, name: $0, nanoseconds: $1))
        }
    }
}
