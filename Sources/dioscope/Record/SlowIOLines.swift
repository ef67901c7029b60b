// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Recording
import Rendering
import Report

/// A line for each slow I/O while a recording goes on, but no flood of them.
struct SlowIOLines {
    let output: Int32
    private var hasHeading = false
    private var printed = 0
    private var left = 0

    private static let mostASecond = 50

    init(output: Int32) {
        self.output = output
    }

    mutating func print(_ slow: SlowIO) {
        guard printed < Self.mostASecond else {
            left += 1
            return
        }
        printed += 1
        var source = ReportSource(kind: "recording", isComplete: false)
        source.devices = slow.devices
        source.files = slow.files
        (source.startedMonotonic, source.started) = slow.began
        let thread = slow.io.submitterThread
        let threads = slow.submitterName.map { [thread: ThreadName(thread: thread, process: thread, name: $0)] } ?? [:]
        let list = IOList(threads: threads, source: source)
        let style = StyleArguments.style(for: output, elsewhere: 132)
        var occupancies = OccupancyLog()
        let listed = ListedIO(
            slow.io, AttributedLife(slow.io, rule: slow.rule), &occupancies, SeenClocks())
        var lines: [UInt8] = []
        if !hasHeading { list.appendHeading(style: style, to: &lines) }
        hasHeading = true
        list.appendRow(listed, style: style, to: &lines)
        try? Terminal.write(lines, to: output)
    }

    /// Says how many had no line.
    mutating func endSecond() {
        if left > 0 { Terminal.say("\(left) more slow \(left == 1 ? "I/O" : "I/Os") in that second") }
        (printed, left) = (0, 0)
    }
}
