// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO
import Sweep

/// Words of a sweep's table that text and Markdown share.
struct SweepText {
    let table: SweepTable
    let style: TextStyle

    /// `base` and `new` in a line each, or nothing when there is but one side.
    var sides: [(name: String, what: String)] {
        switch table.versus {
        case nil: []
        case .sweeps: [("base", box(table.baseHeader ?? table.header)), ("new", box(table.header))]
        case .axis(let axis):
            table.rows.first.map { row in
                [
                    ("base", value(of: axis, (row.base ?? row.new).cell)), ("new", news(axis).joined(separator: ", ")),
                ]
            } ?? []
        }
    }

    func box(_ header: SweepLog.Header) -> String {
        style.escaped("kernel \(header.kernel)  \(header.machine)  \(header.cpus) CPUs  host \(header.host)")
    }

    var how: String {
        let plan = table.header.plan
        let control = plan.hasControls ? "each with an untraced one beside it" : "no untraced ones"
        let times = "\(Quantity.duration(plan.runtime)) after \(Quantity.duration(plan.ramp))"
        return "\(plan.repeats) runs of \(times), \(control)"
            + "  fio \(style.escaped(table.header.fio))  \(Quantity.bytes(plan.size))  seed \(plan.seed)"
    }

    func value(of axis: Axis, _ cell: Cell) -> String {
        switch axis {
        case .toggle: settings(cell)
        case .cpus: "CPUs " + (cell.placement?.label ?? "any")
        case .engine: cell.engine.rawValue
        case .depth: "QD \(cell.depth)"
        case .size: Quantity.bytes(cell.blockSize)
        case .op: cell.op.rawValue
        case .target: style.escaped("\(cell.target.label) \(cell.target.path)")
        }
    }

    private func settings(_ cell: Cell) -> String {
        zip(table.header.plan.toggles, cell.settings)
            .map { style.escaped("\($0.name)=\($1)") }.joined(separator: " ")
    }

    /// What distinguishes a row from another one with the same columns.
    func extra(_ row: SweepTable.Row) -> String {
        let plan = table.header.plan
        var words: [String] = []
        if plan.placements.count > 1, table.versus != .axis(.cpus) { words.append(value(of: .cpus, row.new.cell)) }
        if !plan.toggles.isEmpty, table.versus != .axis(.toggle) { words.append(settings(row.new.cell)) }
        if case .axis(let axis) = table.versus, news(axis).count > 1 { words.append(value(of: axis, row.new.cell)) }
        if plan.targets.filter({ $0.label == row.new.cell.target.label }).count > 1 {
            words.append(style.escaped(row.new.cell.target.path))
        }
        return words.joined(separator: "  ")
    }

    /// The values of an axis that are new somewhere, each once.
    private func news(_ axis: Axis) -> [String] {
        table.rows.map { value(of: axis, $0.new.cell) }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    // MARK: What a row says

    func rate(_ result: CellResult?) -> String { result?.iops.map { Quantity.rate($0.value) } ?? "-" }

    /// `~` when it may be chance; in brackets when it cannot be judged.
    func gain(_ difference: Difference?) -> String { ChangeText.gain(difference) }

    /// Half of the 95% interval.
    func margin(_ estimate: Estimate?, of whole: Double = 1) -> String { ChangeText.margin(estimate, of: whole) }

    /// `kworker 98.1% => hardirq 99.2%`: contexts of a tenth or more.
    func contexts(_ row: SweepTable.Row) -> String? { ChangeText(row.measured).contexts }

    /// What `stages` are to the row: they made its gain or loss, or stand beside it.
    func stagesLabel(_ row: SweepTable.Row) -> String { ChangeText(row.measured).stagesLabel }

    /// The stages that changed most and the rest, so that they sum to the change in mean latency; of one side, those that
    /// took longest.
    func stages(_ row: SweepTable.Row, atMost count: Int) -> String? { ChangeText(row.measured).stages(atMost: count) }

    /// What recording costs, `nil` when nothing was measured.
    func tracing(_ row: SweepTable.Row) -> String? {
        let costs = [row.base, row.new].compactMap { $0?.tracing }.map { cost in
            cost.isSignificant == false ? "~" : gain(cost)
        }
        return costs.isEmpty ? nil : "IOPS while traced " + costs.joined(separator: " => ")
    }

    /// Only where it was asked for, or differs.
    func placement(_ row: SweepTable.Row) -> String? {
        guard row.new.cell.placement != nil else { return nil }
        let shares = [row.base, row.new].compactMap { $0?.submitEndShare }.map(Quantity.wholePercent)
        return shares.isEmpty ? nil : "ended on the submitting CPU " + shares.joined(separator: " => ")
    }

    func failures(_ row: SweepTable.Row) -> [String] {
        let sides = row.base == nil ? [("", row.new)] : [("base: ", row.base), ("new: ", row.new)]
        return sides.flatMap { name, result in (result?.failures ?? []).map { name + style.escaped($0) } }
    }

    var remarks: [String] {
        var remarks: [String] = []
        if table.rows.isEmpty { remarks.append("no row: nothing to lay side by side") }
        if table.unmatched > 0 { remarks.append("\(table.unmatched) cells are in one of the two sweeps only") }
        let plan = table.header.plan
        if plan.repeats < 3 {
            remarks.append("fewer than 3 repeats have no intervals: what is in brackets may be chance")
        }
        if let base = table.baseHeader?.plan,
            (base.runtime, base.ramp, base.size) != (plan.runtime, plan.ramp, plan.size)
        {
            remarks.append("the sweeps differ in run time, ramp or size")
        }
        let failed = table.rows.filter { !failures($0).isEmpty }.count
        if failed > 0 { remarks.append("runs failed in \(failed) row(s)") }
        return remarks
    }
}
