// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import TestSupport
import Testing

@testable import LiveView
@testable import Report

/// The screen of a live view, for terminals of several sizes.
@Suite struct LiveScreenTests {
    private static func interval(_ device: Int, ios: Int = 100) -> LiveInterval {
        var builder = ReportBuilder(
            rule: .defersWrites,
            groups: ChosenGroups(
                grouper: Grouper(by: [.op]), keys: [.op(.write)], otherGroups: 0, otherIOs: 0, countsAllGroups: true))
        for number in 0..<ios {
            let end = device + number * 100
            var io = Life.make(times: [
                (\.issued, 5000), (\.interrupted, end), (\.ended, end + 1000), (\.completed, end + 3000),
            ])
            io.submitCPU = 0
            builder.add(io)
        }
        let report = builder.finish(source: ReportSource(kind: "live", isComplete: true), loss: [])
        let group = LiveInterval.Group(key: .op(.write), ios: UInt64(ios), latency: report.latency)
        return LiveInterval(
            report: report,
            groups: LiveInterval.Groups(grouper: Grouper(by: [.op]), largest: [group], sample: nil),
            wall: 1_700_000_000_000_000_000, nanoseconds: 1_000_000_000, inFlight: 3, lost: 0, ownShare: 0.004)
    }

    private static func state(_ count: Int = 30) -> LiveState {
        let (usual, slow) = (interval(90_000), interval(3_000_000))
        var state = LiveState()
        for number in 0..<count { state.add(number == 20 ? slow : usual) }
        return state
    }

    @Test(arguments: [(80, 24), (120, 40), (40, 10), (200, 60), (20, 4)]) func fitsTheTerminal(width: Int, height: Int)
    {
        for count in [0, 1, 30, 500] {
            let screen = LiveScreen(Self.state(count), what: "all direct I/O", width: width, height: height)
            #expect(screen.lines.count == height)
            #expect(screen.lines.allSatisfy { $0.reduce(0) { $0 + $1.text.count } <= width })
        }
    }

    @Test func theWholeScreen() {
        let text = LiveScreen(Self.state(), what: "all direct I/O", width: 80, height: 24).text
        #expect(text == Self.screen)
    }

    private static let screen = """
         dioscope live  all direct I/O  every 1s  dioscope 0.4% of a CPU       22:13:20
         100 IOPS  0.41 MB/s  3 in flight  mean 98.0us  p50 98.3us  p99 103us
         lost 0  p99.9 103us  max 103us  in hardirq 100%
         all I/Os               |0            50us         |   mean  share    p50    p99
         T submit               |#                         | 5.00us   5.1% 5.00us 5.00us
         - device               | ######################## | 90.0us  91.8% 90.1us 94.9us
         H irq -> end_io        |                         #| 1.00us   1.0% 1.00us 1.00us
         H inline completion    |                         #| 2.00us   2.0% 2.00us 2.00us
         latency, 30 intervals, @ 100 I/Os, each shade half of that
          2.00ms                     @
          1.00ms
           500us
           200us
           100us #################### #########
          50.0us @@@@@@@@@@@@@@@@@@@@ @@@@@@@@@
         by op, most I/Os first
           write  100 IOPS  mean 98.0us  p99 103us






         q quit p pause +- interval g group s sort f filter r reset w save h help

        """

    @Test func saysWhatThereIs() {
        let text = LiveScreen(Self.state(), what: "all direct I/O", width: 80, height: 24).text
        #expect(text.hasPrefix(" dioscope live  all direct I/O  every 1s"))
        #expect(text.contains(" 100 IOPS  0.41 MB/s  3 in flight  mean "))
        #expect(text.contains(" lost 0  p99.9 "))
        #expect(text.contains("  in hardirq 100%"))
        #expect(text.contains(" - device "))
        #expect(text.contains("by op, most I/Os first"))
        #expect(text.contains("write  100 IOPS"))
        // The slow interval is the only column in its row.
        let slow = text.split(separator: "\n").first { $0.contains(" 2.00ms ") }
        #expect(slow?.filter { "@#*+=-:.".contains($0) }.count == 2)
    }

    @Test func keysDoWhatTheHelpSays() {
        var state = Self.state(3)
        func press(_ key: Character) -> LiveState.Wish { state.press(key) }
        #expect(press("p") == .show && state.isPaused)
        state.add(Self.interval(1000))
        #expect(state.shown.count == 3 && state.intervals.count == 4)
        _ = press("p")
        #expect(!state.isPaused && state.shown.count == 4)
        _ = press("+")
        #expect(state.seconds == 2)
        _ = press("-")
        #expect(press("-") == .show && state.seconds == 1)
        _ = press("g")
        #expect(state.grouping == .file)
        _ = press("s")
        #expect(state.order == .mean)
        _ = press("h")
        #expect(LiveScreen(state, what: "", width: 80, height: 24).text.contains("pause: the view stands still"))
        _ = press("h")
        #expect(press("w") == .show && state.message?.contains("--keep") == true)
        _ = press("r")
        #expect(state.intervals.isEmpty)
        #expect(press("q") == .quit)
    }

    @Test func aFilterIsTyped() {
        var state = Self.state(3)
        for key in "fop=reaa" { #expect(state.press(key) == .show) }
        _ = state.press("\u{7f}")
        #expect(state.typed == "op=rea")
        #expect(LiveScreen(state, what: "", width: 80, height: 24).text.contains(" filter: op=rea_ "))
        #expect(state.press("d") == .show)
        #expect(state.press("\r") == .filter("op=read") && state.typed == nil && state.intervals.count == 3)
        state.choose("op=read")
        #expect(state.intervals.isEmpty && state.filter == "op=read")
        // What was typed and given up changes nothing.
        for key in "/x\u{1b}" { _ = state.press(key) }
        #expect(state.filter == "op=read" && state.typed == nil)
        var keeping = LiveState(seconds: 1, keeps: 60)
        #expect(keeping.press("w") == .save)
    }

    @Test func manyStretchesShareRows() {
        var state = LiveState()
        for end in [20_000, 200_000, 2_000_000, 20_000_000, 200_000_000] { state.add(Self.interval(end)) }
        for rows in [4, 6, 9, 40] {
            let lines = LiveHeatmap(state.shown, width: 80).lines(rows: rows)
            #expect(lines.count <= rows)
            let cells = lines.dropFirst().map { $0.dropFirst().map(\.text).joined() }
            // Each interval has its I/Os in some row.
            for column in 0..<5 { #expect(cells.contains { Array($0)[column] != " " }) }
        }
    }

    @Test func aLineOfJSONHasWhatTheScreenHas() {
        let line = LiveLine(Self.interval(90_000)).json
        #expect(line.hasPrefix("{\"schema\":\"dioscope.live/1\",\"wall_ns\":1700000000000000000,"))
        #expect(line.contains("\"ios\":100,") && line.contains("\"in_flight\":3,") && line.hasSuffix("}\n"))
        #expect(LiveLine(Self.interval(90_000, ios: 0)).json.contains("\"mean_ns\":null"))
    }
}
