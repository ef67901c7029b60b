// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Comparison
import Probes
import Recording

/// `dioscope serve`: follow direct I/Os for months, for Prometheus, and keep a capture of what was unusual.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Follow direct I/Os until stopped: metrics for Prometheus, and a capture when a rule holds.",
        discussion: """
            I/Os are summed up in the kernel, and a page of metrics is made of the sums: counters and histograms by \
            stage and context. The last minutes are kept in memory; when a rule begins to hold they are written as a \
            capture, which every other verb reads.

            EXAMPLES
              sudo dioscope serve --listen 127.0.0.1:9464
              sudo dioscope serve --listen /run/dioscope.sock --captures /var/lib/dioscope --trigger 'p99 > 5ms for 10s'
              sudo dioscope serve --textfile /var/lib/prometheus/node-exporter/dioscope.prom
              curl --unix-socket /run/dioscope.sock http://localhost/metrics
              dioscope report /var/lib/dioscope/dioscope-serve-20261128-235959.dioscope

            RULES
              METRIC > or < AMOUNT, then 'for TIME' unless one interval is enough. Metrics are those of compare
              --fail-if: iops, mean, any percentile as p99 or p99.9, or a stage by its name in JSON, which is its mean
              over all finished I/Os. Durations have a unit: 200us, 5ms, 1s.

            EXIT STATUS
              0    it was stopped: Ctrl-C, SIGTERM
              64   usage
              69   not available on this kernel
              73   the socket, the textfile or the directory cannot be created
              77   not permitted
            """)

    @Option(
        help: ArgumentHelp(
            "Answer GET /metrics there: the path of a Unix socket, or a loopback address with a port.",
            discussion: "As OpenMetrics or in Prometheus' text form, as is asked for.", valueName: "address"))
    var listen: String?

    @Option(help: ArgumentHelp("Write the page there each interval, for node_exporter.", valueName: "file"))
    var textfile: String?

    @Option(help: ArgumentHelp("Where captures are written.", valueName: "dir"))
    var captures: String?

    @Option(
        name: .customLong("trigger"),
        help: ArgumentHelp(
            "Write a capture when this begins to hold (repeatable): 'p99 > 5ms for 10s'.", valueName: "rule"))
    var triggers: [String] = []

    @Option(help: "How much of the past a capture has.")
    var window = TimeSpan(nanoseconds: 120_000_000_000)

    @Option(help: "How often the sums are looked at and rules decided: at least 10ms.")
    var interval = TimeSpan(nanoseconds: 5_000_000_000)

    @Option(help: "After a capture, none for this long.")
    var pause = TimeSpan(nanoseconds: 300_000_000_000)

    @Option(help: "Memory for I/Os of the window that the kernel does not sum up.")
    var memory = ByteSize(bytes: 64 << 20)

    @Option(help: "Memory for records on their way to dioscope.")
    var buffer = ByteSize(bytes: 8 << 20)

    @Option(help: "Captures may take so much of the disk; the oldest go.")
    var maxSize = ByteSize(bytes: 1 << 30)

    @Option(help: "Captures older than this go.")
    var maxAge = TimeSpan(nanoseconds: 7 * 86_400_000_000_000)

    @Flag(inversion: .prefixedNo, help: "Trace which task or interrupt is on each CPU.")
    var occupants = true

    @OptionGroup(title: "Filters (all must hold)") var filters: FilterArguments

    @OptionGroup var sampling: SampleArguments

    private var rules: [TriggerRule] {
        triggers.compactMap { TriggerRule($0) { TimeSpan(argument: $0)?.nanoseconds } }
    }

    func validate() throws {
        guard listen != nil || textfile != nil || !triggers.isEmpty else {
            throw ValidationError("serve what? --listen, --textfile, or --trigger with --captures")
        }
        guard rules.count == triggers.count else {
            throw ValidationError(
                "--trigger: as 'p99 > 5ms for 10s', with a unit; 'dioscope serve --help' has all of it")
        }
        guard triggers.isEmpty == (captures == nil) else {
            throw ValidationError("--trigger and --captures need each other: what to look for, and where to write")
        }
        guard interval.nanoseconds >= 10_000_000 else { throw ValidationError("--interval: at least 10ms") }
        guard window.nanoseconds >= interval.nanoseconds else {
            throw ValidationError("--window is shorter than --interval")
        }
    }

    func run() throws {
        let access = KernelAccess()
        var filter = try filters.filter(tracesCommand: false, access: access)
        filter.sampleEvery = sampling.sample.every
        var plan = try ProbePlan(permittedBy: access)
        if !occupants { plan.leaveOutOccupants(because: "not asked for: --no-occupants") }
        let server = try listen.map { address throws(Failure) in try MetricsServer(address) }
        let kept = try captures.map { directory throws(Failure) in
            try KeptCaptures(directory, mostBytes: UInt64(maxSize.bytes), mostAge: maxAge.nanoseconds / 1_000_000_000)
        }
        let recorder = try recording { () throws(RecordingError) in
            try ServiceRecorder(
                plan: plan, filter: filter, ringBytes: buffer.bytes, window: window.nanoseconds,
                mostBytes: memory.bytes)
        }
        Interruption.watch()
        let service = Service(recorder, rules: rules, kept: kept, server: server, textfile: textfile)
        service.pause = pause.nanoseconds
        Terminal.say("serving" + (listen.map { " on \($0)" } ?? ""))
        try service.run(interval: interval.nanoseconds)
    }
}
