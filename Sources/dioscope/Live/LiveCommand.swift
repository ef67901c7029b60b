// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import CCurses
import Glibc
import Host
import LiveView
import Probes
import Recording
import Report

/// `dioscope live`: direct I/O as it goes on.
struct LiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Watch direct I/O as it goes on: rates, latency over time, and where it goes.",
        discussion: """
            A screen that is drawn anew each interval, on any terminal that ncurses knows; a line for each interval \
            where the output is no terminal, or one that holds no screen. I/Os are summed up in the kernel, as by \
            record --summary: it costs the same however many there are, counts and means are exact, and percentiles \
            are within 1.6%. With --keep every I/O is a record instead, and a key saves those of the last while.

            KEYS
              q quit    p pause   + - interval   g group   s sort
              f filter  r reset   w save         h help

            EXAMPLES
              sudo dioscope live
              sudo dioscope live --device nvme0n1 --keep 1m
              sudo dioscope live --json --count 60 | jq .p99_ns
              sudo dioscope live --once

            EXIT STATUS
              0   64 usage   69 the kernel lets no probe in   77 not permitted   74 the output cannot be written
            """)

    @OptionGroup(title: "Which I/Os") var filters: FilterArguments

    @Option(help: "How long an interval is: 1s or more, in whole seconds.")
    var interval: TimeSpan?

    @Flag(help: "One interval, as a line.")
    var once = false

    @Flag(help: "A JSON object for each interval, a line each.")
    var json = false

    @Option(help: "End after so many intervals.")
    var count: Int?

    @Option(
        help: ArgumentHelp(
            "Keep records of the last while, 1s to 10m, for the key w to save as a capture.",
            discussion: "Of the screen alone. As much as --buffer has room for."))
    var keep: TimeSpan?

    @Option(help: "Memory for the records that are kept: 64M, 1G.")
    var buffer = ByteSize(bytes: 256 << 20)

    func validate() throws {
        guard nanoseconds >= 1_000_000_000, nanoseconds % 1_000_000_000 == 0, nanoseconds <= 3_600_000_000_000
        else { throw ValidationError("--interval: whole seconds, 1s to 3600s") }
        if let count, count < 1 { throw ValidationError("--count \(count): at least 1") }
        if once, count != nil { throw ValidationError("--once is --count 1: give one or the other") }
        guard let keep else { return }
        if once || json { throw ValidationError("--keep is of the screen, where a key saves what is kept") }
        guard (1_000_000_000...600_000_000_000).contains(keep.nanoseconds) else {
            throw ValidationError("--keep: 1s to 10m")
        }
    }

    private var nanoseconds: UInt64 { interval?.nanoseconds ?? 1_000_000_000 }

    private var isScreen: Bool {
        !once && !json && Terminal.isTerminal(Terminal.output) && Terminal.isTerminal(STDIN_FILENO)
    }

    func run() throws {
        let access = KernelAccess()
        let filter = try filters.filter(tracesCommand: false, access: access)
        let plan = try ProbePlan(permittedBy: access)
        if isScreen { terminal_guard() }
        var keeping = LiveWatch.Keeping()
        if isScreen, let keep { (keeping.span, keeping.mostBytes) = (keep.nanoseconds, buffer.bytes) }
        let watch = try recording { () throws(RecordingError) in
            try LiveWatch(plan: plan, filter: filter, keeping: keeping)
        }
        Interruption.watch()
        defer { watch.stop() }
        guard isScreen else { return try print(watch) }
        guard let screen = FullScreen(wantsColour: Terminal.wantsColour(Terminal.output)) else {
            let terminal = getenv("TERM").map { String(cString: $0) } ?? ""
            Terminal.say("terminal '\(terminal)' holds no screen: a line for each interval")
            return try print(watch)
        }
        defer { screen.end() }
        var loop = LiveLoop(
            watch, screen, filters: filters.words,
            state: LiveState(
                seconds: Int(nanoseconds / 1_000_000_000), keeps: keep.map { Int($0.nanoseconds / 1_000_000_000) }),
            count: count)
        loop.run()
    }

    private func print(_ watch: LiveWatch) throws(Failure) {
        var left = once ? 1 : count ?? .max
        var next = HostClock.monotonic + nanoseconds
        while left > 0, Interruption.received == nil {
            watch.drain(timeoutMilliseconds: 100)
            guard HostClock.monotonic >= next else { continue }
            next += nanoseconds
            left -= 1
            let line = LiveLine(watch.interval(LiveWish(groupings: [.device, .op])))
            try Terminal.write(json ? line.json : line.text)
        }
    }
}
