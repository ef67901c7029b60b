// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Host
import Joiner
import KernelTraces
import Report

/// A trace of the kernel's, by trace-cmd, perf or ftrace: its events are joined into I/Os.
final class TraceIOs: IOSource {
    private let file: OpenFile
    private let description: TraceDescription
    /// Made to look at the file; a text can be read only once.
    private var first: Opened?

    private struct Opened {
        let reader: any TraceReader
        /// That its events are read from.
        let file: OpenFile
    }

    private let listener: (any ReadingListener)?
    private let stop: ReadingStop?

    init(_ file: OpenFile, first input: TraceInput, _ listener: (any ReadingListener)?) throws {
        self.file = file
        self.listener = listener
        stop = listener.map { listener in ReadingStop { listener.wantsEnd } }
        let opened = try Self.open(input, file)
        description = opened.reader.description
        first = opened
    }

    private static func open(_ input: TraceInput, _ file: OpenFile) throws -> Opened {
        switch input.content {
        case .traceDat(let events): Opened(reader: try TraceDatReader(events), file: events)
        case .text(let format, let stream, let prefix):
            Opened(reader: TextReader(format, stream, prefix: prefix), file: file)
        case .capture, .savedReport, .savedSweep: throw TraceError.unknownFormat(input.name)
        }
    }

    private func opened() throws -> Opened {
        if let first { return first }
        return try listener.showing(file) { try Self.open(TraceInput(file) { _ in false }, file) }
    }

    var rule: CompletionRule { description.completionRule }
    var machines: [String] { description.machines }
    var hasTimes: Bool { description.hasTimes }
    var hasDifferences: Bool { description.times == .differences }

    func read(occupancies: (CPUOccupancy) throws -> Void, each: (DirectIO) throws -> Void) throws -> SourceSummary {
        guard hasTimes else { return try readAll(occupancies: { _ in }) { try each(Self.timeless($0)) } }
        return try readAll(occupancies: occupancies, each: each)
    }

    /// In order they were; what is between them is no time.
    private static func timeless(_ io: DirectIO) -> DirectIO {
        var io = io
        io.times.forget()
        (io.queueWaitOccupants, io.taskWorkOccupants) = (.unknown, .unknown)
        io.isTimeless = true
        return io
    }

    private func readAll(
        occupancies: (CPUOccupancy) throws -> Void, each: (DirectIO) throws -> Void
    ) throws -> SourceSummary {
        let opened = try opened()
        first = nil
        listener?.readingCanEnd()
        stop?.startAgain()
        let reader = Self.isReadAhead(opened.file) ? ReadAhead(opened.reader) : opened.reader
        reader.stop = stop
        return try listener.showing(opened.file) { try read(reader, occupancies, each) }
    }

    /// Who reads a pipe may wait for its other end for long, and cannot be told that nobody waits for it any more.
    private static func isReadAhead(_ file: OpenFile) -> Bool { file.isOnDisk && HostFacts.usableCPUs > 1 }

    private func read(
        _ reader: any TraceReader, _ occupancies: (CPUOccupancy) throws -> Void, _ each: (DirectIO) throws -> Void
    ) throws -> SourceSummary {
        var joiner = joiner(reader)
        // Machines other than the first have CPUs, threads and work items of the same numbers.
        var others: [Joiner] = []
        let summary = try reader.read { event in
            guard event.machine == 0 else {
                while others.count < event.machine { others.append(self.joiner(reader, UInt8(others.count) + 1)) }
                return try others[Int(event.machine) - 1].add(event, each)
            }
            try joiner.add(event, each)
            guard !joiner.occupancies.isEmpty else { return }
            for occupancy in joiner.occupancies { try occupancies(occupancy) }
            joiner.occupancies.removeAll(keepingCapacity: true)
        }
        try joiner.finish(each)
        for index in others.indices { try others[index].finish(each) }
        let counts = others.reduce(joiner.counts) { $0 + $1.counts }
        let joins = counts.loss(
            queueingSeen: summary.occurred.contains("workqueue_queue_work"),
            startsSeen: summary.occurred.contains("workqueue_execute_start"))
        let missing = MissingEvents(summary, counts)
        let threads = others.reduce(joiner.threads) { $0.merging($1.threads) { first, _ in first } }
        var source = source(summary, joiner)
        source.threads = threads
        let joiners = [joiner] + others
        source.otherRequests = OtherRequests.merged(joiners.flatMap(\.otherRequests), hasTimes: hasTimes)
        if hasTimes { source.followUps = FollowUp.merged(joiners.flatMap(\.followUps)) }
        if !others.isEmpty || !hasTimes { source.cpus = [] }
        return SourceSummary(
            name: file.name, source: source, loss: missing.loss + joins + summary.loss, threads: threads,
            ios: counts.joined, requests: counts.requests, damage: summary.damage.map(\.description),
            damageCount: summary.damageCount,
            absence: missing.absence)
    }

    private func joiner(_ reader: any TraceReader, _ machine: UInt8 = 0) -> Joiner {
        // perf loses events of interrupts without a word.
        Joiner(rule: rule, machine: machine, reader: reader, isLossy: description.kind.hasPrefix("perf"))
    }

    private func source(_ summary: TraceContents, _ joiner: Joiner) -> ReportSource {
        var source = ReportSource(kind: description.kind, isComplete: summary.isComplete)
        source.recorder = description.recorder
        source.kernel = description.kernel
        source.host = description.host
        source.machine = description.machine
        source.cpuCount = description.cpuCount
        source.machines = description.machines
        // Who submits is known from the begins: without one, a submitter would be another task, which ran never.
        if !joiner.threads.isEmpty, summary.occurred.isSuperset(of: ["sched_switch", "workqueue_execute_start"]) {
            source.cpus = joiner.use
        }
        source.probes = Self.events.map { name in
            summary.occurred.contains(name)
                ? .init(name: "event/\(name)", attached: true)
                : .init(name: "event/\(name)", attached: false, reason: "does not occur in the trace")
        }
        return source
    }

    /// What records the points of an I/O's life and is read from a trace, in causal order, and the end of a request.
    static let events: [String] = {
        var events: [String] = []
        for source in LifePoint.allCases.flatMap(\.row.sources) + ["block_rq_complete"]
        where TraceEvents.reads(source) && !events.contains(source) {
            events.append(source)
        }
        return events
    }()
}
