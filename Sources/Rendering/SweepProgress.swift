// SPDX-License-Identifier: GPL-2.0-only

import Sweep

/// How a sweep gets on, a line for each run.
public struct SweepProgress: Sendable {
    private let plan: SweepPlan
    private let total: Int

    public init(_ plan: SweepPlan, total: Int) {
        self.plan = plan
        self.total = total
    }

    /// A run that goes on.
    ///
    /// - Parameters:
    ///   - number: from 1.
    ///   - left: nanoseconds until all are done, by estimate.
    public func line(_ run: PlannedRun, number: Int, left: UInt64) -> String {
        "\(head(run, number))  \(Self.span(left)) left"
    }

    /// A run that has ended.
    public func line(_ record: FinishedRun.Record, number: Int, left: UInt64) -> String {
        let result =
            record.fio.map { "\(TextLine.rightAligned(Quantity.rate($0.iops), to: 9)) IOPS" }
            ?? "failed: " + EscapedText(record.failure ?? "").description
        return "\(head(record.planned, number))  \(result)  \(Self.span(left)) left"
    }

    private func head(_ run: PlannedRun, _ number: Int) -> String {
        let count = TextLine.rightAligned("\(number)", to: "\(total)".count)
        return "[\(count)/\(total)] \(Self.name(of: run.cell, plan))  \(run.isTraced ? "traced  " : "untraced")"
    }

    /// The nearest step that people say: `45s`, `12m`, `3h20m`.
    static func span(_ nanoseconds: UInt64) -> String {
        let seconds = (nanoseconds + 500_000_000) / 1_000_000_000
        if seconds < 100 { return "\(seconds)s" }
        let minutes = (seconds + 30) / 60
        return minutes < 100 ? "\(minutes)m" : "\(minutes / 60)h\(minutes % 60)m"
    }

    /// All that distinguishes a cell from the others. Safe to print.
    public static func name(of cell: Cell, _ plan: SweepPlan) -> String {
        var words = [
            cell.target.label, cell.engine.rawValue, "qd \(cell.depth)", Quantity.bytes(cell.blockSize),
            cell.op.rawValue,
        ]
        if plan.targets.count > 1 { words.append(cell.target.path) }
        if let placement = cell.placement { words.append("CPUs \(placement.label)") }
        words += zip(plan.toggles, cell.settings).map { "\($0.name)=\($1)" }
        return EscapedText(words.joined(separator: " ")).description
    }

    /// What `--dry-run` prints: every run in its order.
    public func listing(of runs: [PlannedRun]) -> String {
        let each = plan.ramp + plan.runtime
        let lines = runs.enumerated().map { index, run in
            head(run, index + 1).trimmedEnd + "  repeat \(run.repetition + 1)"
        }
        let time = each.multipliedReportingOverflow(by: UInt64(runs.count)).partialValue
        return (lines + ["\(runs.count) runs, \(Self.span(time)) and what it takes to start them", ""])
            .joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmedEnd: String { TextLine.trimmed(self) }
}
