// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import Sweep

/// A sweep's table as one JSON object: a contract with other tools. See `JSONSchema.sweep`.
public struct JSONSweep: Sendable {
    /// Name and version of the JSON object; the number rises when a reader would have to change.
    public static let schema = "dioscope.sweep/1"

    /// UTF-8, ending in a line break.
    public let bytes: [UInt8]

    public init(_ table: SweepTable) {
        var json = JSONWriter(isPretty: true)
        json.object { json in
            json.member("schema", Self.schema)
            json.member("versus", Self.word(table.versus))
            json.object("box") { Self.write(table.header, to: &$0) }
            json.object("base_box", table.baseHeader) { Self.write($0, to: &$1) }
            json.object("plan") { Self.write(table.header.plan, to: &$0) }
            json.member("unmatched_cells", table.unmatched)
            json.array("rows", table.rows) { json, row in json.object { Self.write(row, to: &$0) } }
        }
        bytes = json.bytes + [UInt8(ascii: "\n")]
    }

    private static func word(_ versus: SweepTable.Versus?) -> String? {
        switch versus {
        case nil: nil
        case .sweeps: "sweeps"
        case .axis(let axis): axis.rawValue
        }
    }

    private static func write(_ header: SweepLog.Header, to json: inout JSONWriter) {
        json.member("host", header.host)
        json.member("kernel", header.kernel)
        json.member("machine", header.machine)
        json.member("cpus", header.cpus)
        json.member("fio", header.fio)
        json.member("started", header.started)
    }

    private static func write(_ plan: SweepPlan, to json: inout JSONWriter) {
        json.member("repeats", plan.repeats)
        json.member("ramp_ns", plan.ramp)
        json.member("runtime_ns", plan.runtime)
        json.member("size", plan.size)
        json.member("seed", plan.seed)
        json.member("controls", plan.hasControls)
        json.strings("toggles", plan.toggles.map(\.path))
    }

    private static func write(_ row: SweepTable.Row, to json: inout JSONWriter) {
        json.object("base", row.base) { write($0, to: &$1) }
        json.object("new") { write(row.new, to: &$0) }
        json.object("change", row.change) { JSONComparison.write($0, to: &$1) }
        json.object("recorded", row.recorded) { recorded, json in
            json.array("metrics", recorded.headline) { JSONComparison.write($1, to: &$0) }
            json.array("stages", recorded.stages) { JSONComparison.write($1, to: &$0) }
            json.array("contexts", recorded.contexts) { JSONComparison.write($1, to: &$0) }
            json.array("reasons", recorded.reasons) { JSONComparison.write($1, to: &$0) }
        }
    }

    private static func write(_ result: CellResult, to json: inout JSONWriter) {
        let cell = result.cell
        json.member("fs", cell.target.label)
        json.member("target", cell.target.path)
        json.member("engine", cell.engine.rawValue)
        json.member("qd", cell.depth)
        json.member("bs", cell.blockSize)
        json.member("op", cell.op.rawValue)
        json.member("cpus", cell.placement?.fio)
        json.member("interrupt_cpu", cell.placement?.interrupt)
        json.strings("toggles", cell.settings)
        json.member("runs", result.runCount)
        json.object("iops", result.iops) { write($0, to: &$1) }
        json.object("latency_ns", result.meanLatency) { write($0, to: &$1) }
        json.object("tracing", result.tracing) { JSONComparison.write($0, to: &$1) }
        json.member("submit_end_share", result.submitEndShare)
        json.strings("failures", result.failures)
    }

    private static func write(_ estimate: Estimate, to json: inout JSONWriter) {
        json.member("value", estimate.value)
        json.member("low", estimate.interval?.lowerBound)
        json.member("high", estimate.interval?.upperBound)
    }
}
