// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Single I/Os, appended to a buffer one by one in the order in which they come.
public struct IOList: Sendable {
    private let rule: CompletionRule
    private let threads: [UInt32: ThreadName]

    /// Bytes of a JSON line with every key.
    private static let lineCapacity = 1024

    /// - Parameters:
    ///   - rule: by which the recorded kernel decides how to complete.
    ///   - threads: names of submitters, by thread number.
    public init(rule: CompletionRule, threads: [UInt32: ThreadName] = [:]) {
        self.rule = rule
        self.threads = threads
    }

    /// One JSON object and a line break. What was not seen has no key.
    public func appendJSON(_ io: DirectIO, to buffer: inout [UInt8]) {
        let life = AttributedLife(io, rule: rule)
        var json = JSONWriter(isPretty: false, capacity: Self.lineCapacity)
        json.object { json in
            json.member("submitted_ns", io.submitted.nanoseconds)
            if let completed = io.completed { json.member("completed_ns", completed.nanoseconds) }
            json.member("latency_ns", life.latency)
            json.member("context", life.context.rawValue)
            if let end = io.endContext { json.member("end_io_context", end.rawValue) }
            json.member("issuer", io.issuer.rawValue)
            json.member("op", io.operation.rawValue)
            json.member("error", io.error)
            if let reason = life.reason { json.member("reason", reason.rawValue) }
            json.key("stages")
            json.array { json in
                life.spans.forEach { span in
                    json.element()
                    json.object { json in
                        json.member("name", span.stage.name)
                        json.member("ns", span.nanoseconds)
                    }
                }
            }
            if let cpu = io.submitCPU { json.member("submit_cpu", cpu) }
            if let cpu = io.endCPU { json.member("end_cpu", cpu) }
            if let cpu = io.workerCPU { json.member("worker_cpu", cpu) }
            if let cpu = io.completionCPU { json.member("completion_cpu", cpu) }
            if let irq = io.irq { json.member("irq", irq) }
            json.member("submitter", io.submitterThread)
            if let thread = threads[io.submitterThread] { json.member("comm", thread.name) }
            json.member("dev", io.device.description)
            json.member("inode", io.inode)
            json.member("offset", io.offset)
            json.member("length", io.length)
        }
        buffer.append(contentsOf: json.bytes)
        buffer.append(UInt8(ascii: "\n"))
    }

    /// The I/O as a waterfall: a line that says what it is, and one for each stage, from top left to bottom right.
    public func appendText(_ io: DirectIO, style: TextStyle, to buffer: inout [UInt8]) {
        let life = AttributedLife(io, rule: rule)
        let head = TextLine.flow(facts(io, life, style), separator: "  ", head: "", indent: 2, width: style.width)
        for line in head { append(style.palette.paint(line, .heading), to: &buffer) }
        for line in waterfall(life, style) { append(line, to: &buffer) }
    }

    private func append(_ line: String, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
    }

    private func facts(_ io: DirectIO, _ life: AttributedLife, _ style: TextStyle) -> [String] {
        let thread = threads[io.submitterThread].map { style.escaped($0.name) } ?? "thread"
        var facts = [
            Quantity.duration(life.latency) + (life.isFinished ? "" : "+ unfinished"),
            "\(io.operation.rawValue) \(Quantity.bytes(UInt64(io.length)))",
            "at \(io.submitted.nanoseconds)ns", "dev \(io.device) inode \(io.inode) offset \(io.offset)",
            "\(io.issuer.rawValue) \(thread)/\(io.submitterThread)", "completed in \(life.context.rawValue)",
        ]
        if let reason = life.reason { facts.append("deferred: \(reason.rawValue)") }
        if io.error != 0 { facts.append("error \(io.error)") }
        let cpus = [("submit", io.submitCPU), ("end", io.endCPU), ("worker", io.workerCPU)]
            .compactMap { name, cpu in cpu.map { "\(name) \($0)" } }
        if !cpus.isEmpty { facts.append("CPU " + cpus.joined(separator: " ")) }
        if let irq = io.irq { facts.append("irq \(irq)") }
        if life.isDisordered { facts.append("disordered times") }
        return facts
    }

    private func waterfall(_ life: AttributedLife, _ style: TextStyle) -> [String] {
        let labelWidth = 26
        let durationWidth = 8
        let bars = FlameBar(width: style.width - labelWidth - 2 - durationWidth, characters: style.characters)
        let whole = Double(max(life.latency, 1))
        var lines: [String] = []
        var start: UInt64 = 0
        life.spans.forEach { span in
            let label = TextLine.padded("   \(span.context.letter) \(span.stage.label)", to: labelWidth)
            let bar = bars.bar(start: Double(start) / whole, length: Double(span.nanoseconds) / whole)
            lines.append(
                label + bars.edge + style.palette.paint(bar, .stage(span.context)) + bars.edge
                    + TextLine.rightAligned(Quantity.duration(span.nanoseconds), to: durationWidth))
            start += span.nanoseconds
        }
        return lines
    }
}
