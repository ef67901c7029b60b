// SPDX-License-Identifier: GPL-2.0-only

/// What bounds the use of a comparison's numbers.
public enum Remark: Equatable, Sendable {
    case tooFewBlocks(SideName, Int, needed: Int)
    case tooFewRuns(SideName, Int, needed: Int)
    case tooFewBoxes(SideName, Int, needed: Int)
    /// Statistics over few runs: the intervals hold, and are wide.
    case fewRuns(SideName, Int, preferred: Int)
    /// A saved report has no blocks, so no interval.
    case savedReport(SideName)
    /// Blocks of too few runs: how runs differ among themselves is in no interval.
    case withinRuns
    /// Too few I/Os are slower than this to say how far it may be off.
    case tooFewBehind(SideName, Percentile)
    case cutOff(SideName, name: String)
    case loss(SideName, name: String, what: String)

    public enum SideName: String, Sendable {
        case base, new
    }

    static let preferredRuns = 5

    static func all(on base: Side, _ new: Side) -> [Remark] {
        var remarks = of(base, .base) + of(new, .new)
        for percentile in Percentile.usual {
            for (side, name) in [(base, SideName.base), (new, .new)] where side.hasIntervals {
                guard let estimate = side.estimate(.percentile(percentile)), estimate.interval == nil else { continue }
                remarks.append(.tooFewBehind(name, percentile))
            }
        }
        if base.unitKind == .block, base.hasIntervals, new.hasIntervals { remarks.append(.withinRuns) }
        return remarks
    }

    /// Why there are no intervals at all, if that is so.
    public var refusesIntervals: Bool {
        switch self {
        case .tooFewBlocks, .tooFewRuns, .tooFewBoxes, .savedReport: true
        case .fewRuns, .withinRuns, .tooFewBehind, .cutOff, .loss: false
        }
    }

    private static func of(_ side: Side, _ name: SideName) -> [Remark] {
        var remarks: [Remark] = []
        switch side.unitKind {
        case .run where !side.hasIntervals:
            remarks.append(.tooFewRuns(name, side.unitCount, needed: Spread.neededRuns))
        case .run where side.unitCount < preferredRuns:
            remarks.append(.fewRuns(name, side.unitCount, preferred: preferredRuns))
        case .box where !side.hasIntervals:
            remarks.append(.tooFewBoxes(name, side.unitCount, needed: Spread.neededRuns))
        case .block where side.runs.contains(where: \.isSavedReport): remarks.append(.savedReport(name))
        case .block where !side.hasIntervals:
            remarks.append(.tooFewBlocks(name, side.unitCount, needed: Spread.neededBlocks))
        case .run, .block, .box: break
        }
        for run in side.runs {
            if !run.isComplete { remarks.append(.cutOff(name, name: run.name)) }
            remarks += run.losses.map { .loss(name, name: run.name, what: $0) }
        }
        return remarks
    }
}
