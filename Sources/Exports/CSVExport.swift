// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering

/// One line an I/O, in the order of the capture, under a line of column names (RFC 4180). What was not seen is empty.
///
/// Nanoseconds as integers; stages of the I/O in columns of their own, which sum to `latency_ns` with `composed_ns`.
public final class CSVExport: IOExport {
    public var output: [UInt8] = []
    private let threads: [UInt32: ThreadName]

    private static let facts = [
        "latency_ns", "context", "reason", "end_io_context", "op", "issuer", "dev", "inode", "offset", "length",
        "error",
        "submitter", "comm", "worker", "submit_cpu", "end_cpu", "worker_cpu", "completion_cpu", "irq",
        "irq_batch_position",
    ]

    /// All columns, in order: times, facts, stages, what waits were spent on.
    public static let columns =
        LifePoint.allCases.map { "\($0.name)_ns" } + facts + Stage.atomic.map { "\($0.name)_ns" }
        + ["composed_ns", "composed"] + WaitCause.allCases.map { "queue_wait_\($0.rawValue)_ns" }
        + WaitCause.allCases.map { "task_work_wait_\($0.rawValue)_ns" }

    /// - Parameter threads: names of submitters, by thread number.
    public init(threads: [UInt32: ThreadName]) {
        self.threads = threads
        output = Array((Self.columns.joined(separator: ",") + "\r\n").utf8)
    }

    public func add(_ listed: ListedIO) {
        let (io, life) = (listed.io, listed.life)
        addTimes(io, life)
        add(life.context.rawValue)
        add(life.reason?.rawValue)
        add(io.endContext?.rawValue)
        add(io.operation.rawValue)
        add(io.issuer.rawValue)
        // Of a partial life these may not have been told.
        let isTold = !io.isPartial || io.device.kernelNumber != 0
        add(isTold ? io.device.description : nil)
        add(isTold ? io.inode : nil)
        add(isTold ? io.offset : nil)
        add(isTold ? io.length : nil)
        add(isTold ? io.error : nil)
        add(io.isPartial ? nil : io.submitterThread)
        add(threads[io.submitterThread].map { Self.quoted(EscapedText($0.name).description) })
        add(io.workerThread)
        for cpu in [io.submitCPU, io.endCPU, io.workerCPU, io.completionCPU] { add(cpu) }
        add(io.irq)
        add(io.irqBatchPosition)
        for stage in Stage.atomic { add(life.spans[stage]) }
        addComposed(life.spans)
        addCauses(of: life.wait(.queueWait, of: io))
        addCauses(of: life.wait(.taskWorkWait, of: io))
        output[output.count - 1] = UInt8(ascii: "\r")
        output.append(UInt8(ascii: "\n"))
    }

    public func finish() {}

    private func addTimes(_ io: DirectIO, _ life: AttributedLife) {
        for point in LifePoint.allCases { add(io[point]?.nanoseconds) }
        add(life.latency)
    }

    /// Stages that are composed of several: their sum, and each, e.g. `device..hand_off=1234`.
    private func addComposed(_ spans: StageSpans) {
        let composed = spans.indices.map { spans[$0] }.filter(\.stage.isComposed)
        add(composed.isEmpty ? nil : composed.reduce(0) { $0 + $1.nanoseconds })
        add(
            composed.isEmpty
                ? nil : composed.map { "\($0.stage.name)=\($0.nanoseconds)" }.joined(separator: " "))
    }

    private func addCauses(of wait: CPUWait?) {
        let causes = wait?.causes ?? []
        for cause in WaitCause.allCases { add(causes.first { $0.cause == cause }?.nanoseconds) }
    }

    private func add(_ number: (some BinaryInteger)?) { add(number?.description) }

    /// A field and the comma behind it.
    private func add(_ text: String?) {
        if let text { output.append(contentsOf: text.utf8) }
        output.append(UInt8(ascii: ","))
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "\"" || $0 == "," }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
