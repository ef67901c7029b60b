// SPDX-License-Identifier: GPL-2.0-only

import Comparison

/// The table of a sweep: cell by cell what fio reached; with two sides what changed between them, and which stages and
/// completion contexts made the difference.
public struct SweepTable: Sendable {
    public var header: SweepLog.Header
    /// The sweep that is the base, when that is another one.
    public var baseHeader: SweepLog.Header?
    public var rows: [Row]
    /// What base and new are; `nil` when there is but one side.
    public var versus: Versus?
    /// Cells of one of two sweeps that the other does not have.
    public var unmatched: Int

    public enum Versus: Equatable, Sendable {
        case axis(Axis)
        case sweeps
    }

    public struct Row: Sendable {
        /// `nil` when there is but one side.
        public var base: CellResult?
        public var new: CellResult
        /// The change in IOPS, without tracing if that is known.
        public var change: Difference?
        /// The comparison of what was recorded; a side with itself when there is but one. `nil`: nothing was recorded.
        public var recorded: Comparison?

        public var measured: MeasuredChange {
            MeasuredChange(change: change, recorded: recorded, hasSides: base != nil)
        }

        init(base: CellResult?, new: CellResult) {
            self.base = base
            self.new = new
            if let base { change = Difference(base: base.iops, new: new.iops) }
            let before = base?.recorded ?? new.recorded
            if !before.isEmpty, !new.recorded.isEmpty {
                recorded = Comparison(base: before, new: new.recorded, by: .run)
            }
        }
    }

    /// One sweep: along its own axis, if it has one.
    ///
    /// - Parameter axis: instead of the plan's.
    public init(_ log: SweepLog, versus axis: Axis? = nil) {
        header = log.header
        unmatched = 0
        let results = Self.results(of: log)
        guard let axis = axis ?? log.header.plan.versus else {
            rows = results.map { Row(base: nil, new: $0) }
            return
        }
        versus = .axis(axis)
        var bases: [CellKey: CellResult] = [:]
        rows = []
        for result in results {
            let key = CellKey(result.cell, without: axis)
            if let base = bases[key] {
                rows.append(Row(base: base, new: result))
            } else {
                bases[key] = result
            }
        }
    }

    /// Two sweeps, cell against cell.
    public init(base: SweepLog, new: SweepLog) {
        header = new.header
        baseHeader = base.header
        versus = .sweeps
        let olds = Dictionary(Self.results(of: base).map { (CellKey($0.cell), $0) }) { first, _ in first }
        let results = Self.results(of: new)
        rows = results.compactMap { result in
            olds[CellKey(result.cell)].map { Row(base: $0, new: result) }
        }
        unmatched = results.count + olds.count - 2 * rows.count
    }

    /// In the order of the plan; cells that were not yet run are left out.
    private static func results(of log: SweepLog) -> [CellResult] {
        let runs = Dictionary(grouping: log.runs) { $0.record.planned.cell }
        return log.header.plan.cells.compactMap { cell in runs[cell].map { CellResult(cell, $0) } }
    }
}

/// What fio reached on two sides of runs, and what was recorded of them.
public struct MeasuredChange: Sendable {
    /// In IOPS.
    public var change: Difference?
    /// A side with itself when there is but one. `nil`: nothing was recorded.
    public var recorded: Comparison?
    public var hasSides: Bool
}

/// What the two sides of a row have in common.
private struct CellKey: Hashable {
    private let words: [String]

    /// Across sweeps paths mean nothing: a file system is matched by its kind.
    init(_ cell: Cell, without axis: Axis? = nil) {
        let all: [(Axis, String)] = [
            (.target, axis == nil ? cell.target.label : cell.target.kind.rawValue + cell.target.path),
            (.engine, cell.engine.rawValue), (.depth, "\(cell.depth)"), (.size, "\(cell.blockSize)"),
            (.op, cell.op.rawValue), (.cpus, cell.placement?.label ?? ""),
            (.toggle, cell.settings.joined(separator: ",")),
        ]
        words = all.map { $0.0 == axis ? "" : $0.1 }
    }
}
