// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// The lines above the flame: what was recorded, how much and how fast, when, of which command, with which filters.
struct ReportHeader {
    let report: Report
    let style: TextStyle
    /// Long command lines are shown whole.
    var isVerbose = false

    /// What there is to say, by what it is about.
    var facts: [[String]] { [selected, sampled, summedUp, howMuch, howFast, whence].filter { !$0.isEmpty } }

    var lines: [String] {
        let first = TextLine.flow(what, separator: "  ", head: "", indent: 1, width: style.width)
        let rest = facts.flatMap {
            TextLine.flow($0, separator: "  ", head: " ", indent: 1, width: style.width)
        }
        return first.map { style.palette.paint($0, .heading) } + rest + command + filters
    }

    var what: [String] {
        let headline = report.headline
        if report.ios.partial > 0 { return partly }
        guard let operation = headline.operation, let issuer = headline.issuer else { return ["DIO: no I/Os"] }
        var items = ["DIO " + dominant(operation) { $0 == .unknown ? "op unknown" : $0.rawValue } + length]
        if let device = headline.device {
            let name = headline.deviceName
            let words = [name?.fileSystem, name?.name ?? device.value.description].compactMap { $0 }
            items.append(style.escaped(words.joined(separator: " ")) + part(device.share))
        }
        items.append(dominant(issuer) { $0.rawValue })
        if let inFlight = headline.meanInFlight { items.append("\(Quantity.fixed(inFlight, 1)) in flight") }
        return items
    }

    /// A summary may know of no length; where none of them is that of most, only their range says anything.
    private var length: String {
        guard let length = report.headline.length else { return "" }
        if length.share < 0.5, let range = report.headline.lengths {
            return " of \(Quantity.bytes(UInt64(range.lowerBound))) to \(Quantity.bytes(UInt64(range.upperBound)))"
        }
        return " " + dominant(length) { Quantity.bytes(UInt64($0)) }
    }

    /// Lives of which a trace has only the later part.
    private var partly: [String] {
        let ios = report.ios
        if ios.requests == ios.total { return requests }
        let deferred = report.cpuSharing.deferredIOs
        var items = [
            "DIO: \(Quantity.count(ios.partial))" + (deferred == ios.partial ? " deferred" : "") + " completion"
                + (ios.partial == 1 ? "" : "s")
        ]
        if deferred > 0, deferred < ios.partial { items.append("\(Quantity.count(deferred)) of them deferred") }
        if ios.total > ios.partial { items.append("\(Quantity.count(ios.total - ios.partial)) whole I/Os") }
        return items + ["submissions not in this trace"]
    }

    /// A trace of block events alone.
    private var requests: [String] {
        let count = report.ios.requests
        var items = ["\(Quantity.count(count)) block request" + (count == 1 ? "" : "s")]
        if let operation = report.headline.operation, operation.value != .unknown {
            items.append(dominant(operation) { $0.rawValue })
        }
        if let device = report.headline.device {
            items.append(style.escaped(device.value.description) + part(device.share))
        }
        let isUnread = report.loss.contains { $0.what == "begins-unread" }
        return items + [isUnread ? "direct I/Os in this trace could not be read" : "no direct I/O in this trace"]
    }

    private func dominant<Value>(_ dominant: Headline.Dominant<Value>, _ name: (Value) -> String) -> String {
        name(dominant.value) + part(dominant.share)
    }

    /// How much of the I/Os the most frequent kind is, unless it is all.
    private func part(_ share: Double) -> String { share < 1 ? " (\(Quantity.wholePercent(share)))" : "" }

    private func part(_ count: UInt64, of all: UInt64) -> String {
        all == 0 ? "-" : Quantity.percent(Double(count) / Double(all))
    }

    private var selected: [String] {
        guard let selection = report.selection else { return [] }
        let part = "\(part(report.ios.total, of: selection.ofIOs)) of \(Quantity.ios(selection.ofIOs))"
        return ["only where \(style.escaped(selection.condition))", part]
    }

    private var sampled: [String] {
        guard let sample = report.sample else { return [] }
        if let bursts = sample.bursts { return inBursts(sample, bursts) }
        return [
            "a random \(part(sample.ios, of: sample.ofIOs)) of \(Quantity.ios(sample.ofIOs))",
            "sampling error +-\(Quantity.fixed(100 * sample.shareError, 1)) points (95%)",
        ]
    }

    /// All were counted; what is said of them is known of those of the bursts.
    private func inBursts(_ sample: Sample, _ bursts: Sample.Bursts) -> [String] {
        let count = "\(Quantity.count(UInt64(bursts.count))) burst" + (bursts.count == 1 ? "" : "s")
        let what = "\(part(sample.ios, of: sample.ofIOs)) of \(Quantity.ios(sample.ofIOs))"
        var items = ["\(what), \(count) of \(Quantity.duration(bursts.time)) in all"]
        guard let mean = bursts.meanError, mean < 1, sample.shareError < 0.5 else {
            return items + ["too few to say how far shares may be off"]
        }
        items.append(
            "shares +-\(Quantity.fixed(100 * sample.shareError, 1)) points, mean +-\(Quantity.percent(mean)) (95%)")
        return items
    }

    private var summedUp: [String] {
        guard let summedUp = report.summedUp else { return [] }
        return [
            "\(part(summedUp.ios, of: report.ios.total)) of I/Os aggregated in the kernel",
            "percentiles within \(Quantity.percent(summedUp.percentileError))",
        ]
    }

    var howMuch: [String] {
        guard let share = report.quality.completeShare else { return [] }
        var items = ["\(Quantity.ios(report.ios.total))", "\(Quantity.percent(share)) complete"]
        if report.ios.errors > 0 {
            items.append("\(Quantity.count(report.ios.errors)) error" + (report.ios.errors == 1 ? "" : "s"))
        }
        guard let latency = report.latency else { return items }
        items.append("mean \(Quantity.duration(latency.mean))")
        for column in PercentileColumn.columns(of: report) {
            items.append("\(column.title) \(Quantity.duration(column.value(of: latency)))")
        }
        items.append("max \(Quantity.duration(latency.max))")
        return items
    }

    /// From the first submission to the last completion; the recording itself may have lasted longer.
    private var howFast: [String] {
        var items: [String] = []
        if report.ios.partial == 0, report.ios.total > 1, let span = report.headline.span,
            let iops = report.headline.iops
        {
            items.append("\(Quantity.rate(iops)) IOPS")
            if let rate = report.headline.bytesPerSecond, rate > 0 { items.append(Quantity.bytesPerSecond(rate)) }
            items.append("over \(Quantity.duration(span))")
        }
        if let started = report.source.started { items.append(WallClock(nanoseconds: started).dateAndTime) }
        if let duration = report.source.duration { items.append("recorded for \(Quantity.duration(duration))") }
        return items
    }

    private var whence: [String] {
        let source = report.source
        var items = [source.kind]
        if let kernel = source.kernel { items.append("kernel \(kernel)") }
        if let machine = source.machine { items.append(machine) }
        if let cpus = source.cpuCount { items.append(cpus == 1 ? "1 CPU" : "\(cpus) CPUs") }
        if let host = source.host { items.append("host \(host)") }
        return items.map(style.escaped)
    }

    /// The command that was traced, or the recorder's own arguments.
    private var command: [String] {
        let command = report.source.command
        guard !command.isEmpty else { return [] }
        let text = "$ " + style.escaped(command.joined(separator: " "))
        if isVerbose { return TextLine.wrapped(text, indent: 1, width: style.width) }
        let room = style.width - 1
        return [" " + (text.columns > room ? text.prefix(columns: room - 3) + "..." : text)]
    }

    private var filters: [String] {
        guard !report.source.filters.isEmpty else { return [] }
        return TextLine.flow(
            ["recorded with"] + report.source.filters.map(style.escaped), separator: " ", head: " ", indent: 1,
            width: style.width)
    }
}
