// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Sums of who occupied the CPU during one kind of wait.
///
/// Unattributed time is not summed: it is the wait's total less the others.
struct WaitAccumulator: Sendable {
    /// By `CPUOccupant.rawValue`.
    private var occupied = SIMD8<UInt64>.zero
    /// By `WaitCause.index`: what was no wait for the CPU, and idle time that has a cause of its own.
    private var apart = [UInt64](repeating: 0, count: WaitCause.count)
    /// By number of the name in the log.
    private var poolWorks: [UInt64] = []
    private var otherTasks: [UInt64] = []

    private static let namesShown = 5

    /// - Parameters:
    ///   - times: by the clocks of this wait.
    ///   - span: a stage of `io` in which it waited.
    /// - Returns: Nanoseconds of it in which the recorder itself had the CPU.
    @inline(__always)
    mutating func add(
        _ times: OccupantTimes, in span: StageSpan, of io: DirectIO, _ log: inout OccupancyLog
    ) -> UInt64 {
        guard io.isPlain else { return addFurther(times, in: span, of: io, &log) }
        guard CPUWait.isBelieved(times, in: span) else { return 0 }
        // 64 bits hold 2^32 waits of 4 s each.
        occupied &+= SIMD8<UInt64>(truncatingIfNeeded: times.nanoseconds)
        return log.canName(times) ? addNames(span, of: io, &log) : 0
    }

    /// For an I/O whose wait has causes besides the occupants of the CPU.
    @inline(never)
    private mutating func addFurther(
        _ times: OccupantTimes, in span: StageSpan, of io: DirectIO, _ log: inout OccupancyLog
    ) -> UInt64 {
        guard let wait = CPUWait(span, of: io) else { return 0 }
        wait.forEachCause { cause, nanoseconds in
            if cause == .unattributed { return }
            if let occupant = cause.occupant {
                occupied[Int(occupant.rawValue)] &+= nanoseconds
            } else {
                apart[cause.index] &+= nanoseconds
            }
        }
        return log.canName(wait.occupied) ? addNames(span, of: io, &log) : 0
    }

    @inline(never)
    private mutating func addNames(_ span: StageSpan, of io: DirectIO, _ log: inout OccupancyLog) -> UInt64 {
        guard let wait = CPUWait(span, of: io) else { return 0 }
        let (names, recorder) = (log.names.count, log.recorder ?? -1)
        var recorders: UInt64 = 0
        log.forEachPart(of: wait) { part in
            add(part, names: names)
            if part.name == recorder, part.occupant == .otherTask { recorders &+= part.nanoseconds }
        }
        return recorders
    }

    /// Adds waits that were aggregated in the kernel, without names.
    mutating func add(occupied sums: SIMD8<UInt64>) {
        occupied &+= sums
    }

    private mutating func add(_ part: OccupancyLog.Part, names: Int) {
        func add(to sums: inout [UInt64]) {
            if part.name >= sums.count { sums.append(contentsOf: repeatElement(0, count: names - sums.count)) }
            sums[part.name] &+= part.nanoseconds
        }
        if part.occupant == .poolWork { add(to: &poolWorks) } else { add(to: &otherTasks) }
    }

    /// Adds what was summed of other waits, with a log of the same occupancies.
    mutating func add(_ other: WaitAccumulator) {
        occupied &+= other.occupied
        for place in apart.indices { apart[place] &+= other.apart[place] }
        Self.add(other.poolWorks, to: &poolWorks)
        Self.add(other.otherTasks, to: &otherTasks)
    }

    private static func add(_ others: [UInt64], to sums: inout [UInt64]) {
        if others.count > sums.count {
            sums.append(contentsOf: repeatElement(0, count: others.count - sums.count))
        }
        for (name, sum) in others.enumerated() { sums[name] &+= sum }
    }

    /// - Parameters:
    ///   - total: nanoseconds of all the waits, also those without clocks.
    ///   - names: those of the log.
    func causes(of total: UInt128, names: [String]) -> [WaitSummary.Cause] {
        var rest = total
        var causes: [WaitSummary.Cause] = []
        for occupant in CPUOccupant.allCases {
            let sum = UInt128(occupied[Int(occupant.rawValue)])
            rest -= min(rest, sum)
            let named = occupant == .poolWork ? poolWorks : occupant == .otherTask ? otherTasks : []
            causes.append(
                WaitSummary.Cause(
                    cause: WaitCause(occupant), total: sum, share: StageAccumulator.share(sum, of: total),
                    names: Self.names(named, names, of: sum, wait: total)))
        }
        for cause in WaitCause.allCases where apart[cause.index] > 0 {
            let sum = UInt128(apart[cause.index])
            rest -= min(rest, sum)
            causes.append(
                WaitSummary.Cause(
                    cause: cause, total: sum, share: StageAccumulator.share(sum, of: total), names: []))
        }
        causes.append(
            WaitSummary.Cause(
                cause: .unattributed, total: rest, share: StageAccumulator.share(rest, of: total), names: []))
        // The sort is stable: equal ones stay in the order of the closed list.
        return causes.filter { $0.total > 0 }.sorted { $0.total > $1.total }
    }

    private static func names(
        _ sums: [UInt64], _ names: [String], of whole: UInt128, wait: UInt128
    ) -> [WaitSummary.Name] {
        let known = zip(names, sums).filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        guard !known.isEmpty else { return [] }
        var rest = whole
        var top = known.prefix(namesShown).map { name, sum in
            rest -= min(rest, UInt128(sum))
            return WaitSummary.Name(
                name: name, total: UInt128(sum), share: StageAccumulator.share(UInt128(sum), of: wait))
        }
        if rest > 0 { top.append(.init(name: nil, total: rest, share: StageAccumulator.share(rest, of: wait))) }
        return top
    }
}
