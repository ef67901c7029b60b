// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

extension IOList {
    private static let labelWidth = 26
    private static let durationWidth = 8

    /// The I/O as a waterfall: a line that says what it is, and one for each stage, from top left to bottom right; below
    /// a wait what ran meanwhile, and below the device what it is made of.
    public func appendWaterfall(_ listed: ListedIO, style: TextStyle, to buffer: inout [UInt8]) {
        let head = TextLine.flow(facts(listed, style), separator: "  ", head: "", indent: 2, width: style.width)
        for line in head { append(style.palette.paint(line, .heading), to: &buffer) }
        for line in waterfall(listed, style) { append(line, to: &buffer) }
    }

    /// What the I/O is, in words; names are escaped.
    package func facts(_ listed: ListedIO, _ style: TextStyle) -> [String] {
        let (io, life) = (listed.io, listed.life)
        var facts: [String] = []
        if io.knowsLatency(life) {
            facts.append(Quantity.duration(life.latency) + (life.isFinished ? "" : "+ unfinished"))
        }
        if io.knowsLength { facts.append("\(io.operation.rawValue) \(Quantity.bytes(UInt64(io.length)))") }
        if io.isPartial { facts.append("without its submission") }
        facts.append(times.long(io.began))
        if io.knowsDevice { facts.append(style.escaped(file(of: io).full) + " offset \(io.offset)") }
        if io.knowsSubmitter { facts.append("\(io.issuer.rawValue) \(submitter(of: io, style))") }
        facts.append("completed in \(life.context.rawValue)")
        if let reason = life.reason { facts.append("deferred: \(reason.rawValue)") }
        let further = io.further
        if further.requests > 1 { facts.append("\(further.requests) requests") }
        if further.bios > 1 { facts.append("\(further.bios) bios") }
        if further.requeues > 0 { facts.append("requeued \(further.requeues) times") }
        if io.error != 0 { facts.append("error \(io.error)") }
        let cpus = [("submit", io.submitCPU), ("end", io.endCPU), ("worker", io.workerCPU)]
            .compactMap { name, cpu in cpu.map { "\(name) \($0)" } }
        if !cpus.isEmpty { facts.append("CPU " + cpus.joined(separator: " ")) }
        if let irq = io.irq { facts.append("irq \(irq)") }
        if life.isDisordered { facts.append("disordered times") }
        return facts
    }

    private func waterfall(_ listed: ListedIO, _ style: TextStyle) -> [String] {
        var lines: [String] = []
        var start: UInt64 = 0
        listed.life.spans.forEach { span in
            let label = "   \(span.context.letter) \(span.stage.label)"
            lines.append(row(label, start, span.nanoseconds, span.context, of: listed.life, style))
            // A clock knows how long each occupied the CPU, not in which order.
            var within = start
            for share in listed.shares(of: span.stage) {
                let label = "     . \(self.label(of: share, listed.io, style))"
                lines.append(row(label, within, share.nanoseconds, span.context, of: listed.life, style))
                within += share.nanoseconds
            }
            if span.stage == .device { lines += layers(listed, from: start, style) }
            start += span.nanoseconds
        }
        return lines
    }

    /// The devices that it came through, within the time of the last one.
    private func layers(_ listed: ListedIO, from start: UInt64, _ style: TextStyle) -> [String] {
        var within = start
        return layerParts(of: listed.io).map { part, nanoseconds in
            defer { within += nanoseconds }
            // There is little room.
            let suffix = part.phase == .notFollowed ? " not followed" : LayerText.suffix(of: part.phase)
            let name = style.escaped(source.map { LayerText.name(of: part.device, $0) } ?? part.device.description)
            let label = "     . " + LayerText.fitted(name, to: Self.labelWidth - 7 - suffix.count) + suffix
            return row(label, within, nanoseconds, .device, of: listed.life, style)
        }
    }

    package func label(of share: WaitShare, _ io: DirectIO, _ style: TextStyle) -> String {
        CauseText.label(
            of: share.cause, name: share.name, submitter: threads[io.submitterThread]?.name,
            room: Self.labelWidth - 8, style)
    }

    private func row(
        _ label: String, _ start: UInt64, _ nanoseconds: UInt64, _ context: StageContext, of life: AttributedLife,
        _ style: TextStyle
    ) -> String {
        let bars = FlameBar(
            width: max(style.width - Self.labelWidth - 2 - Self.durationWidth, 1), characters: style.characters)
        let whole = Double(max(life.latency, 1))
        let bar = bars.bar(start: Double(start) / whole, length: Double(nanoseconds) / whole)
        return TextLine.padded(label, to: Self.labelWidth) + bars.edge + style.palette.paint(bar, .stage(context))
            + bars.edge + TextLine.rightAligned(Quantity.duration(nanoseconds), to: Self.durationWidth)
    }
}
