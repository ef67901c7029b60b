// SPDX-License-Identifier: GPL-2.0-only

/// `CPU:1 [LOST 12 EVENTS]` of ftrace, `CPU:1 [12 EVENTS DROPPED]` of trace-cmd, `PERF_RECORD_LOST lost 12` of perf,
/// `Lost 12 events` of bpftrace, `Skips: 3 forward (12 - 1.0%)` of blkparse; and what logs say that a trace came through.
struct LossMark {
    var cpu: UInt16?
    var count: UInt64 = 0

    init?(_ line: Scanner) {
        var line = line
        line.skipSpaces()
        if line.skip("CPU:") {
            guard let cpu = line.decimal(), cpu < LineHead.mostCPUs else { return nil }
            self.cpu = UInt16(cpu)
            guard line.skip(" [") else { return nil }
            _ = line.skip("LOST ")
            count = line.decimal() ?? 0
            _ = line.skip(byte: UInt8(ascii: " "))
            guard line.skip("EVENTS") else { return nil }
            return
        }
        // bpftrace's own.
        if line.skip("Lost ") || line.skip("WARNING: Lost ") {
            guard let lost = line.decimal(), line.skip(" events") else { return nil }
            count = lost
            return
        }
        if let lost = Self.ofLog(line) {
            count = lost
            return
        }
        // At the end of blkparse: numbers of a sequence that it did not find.
        if line.skip("Skips: ") {
            guard let skipped = line.decimal(), skipped > 0, line.skip(" forward (") else { return nil }
            count = skipped
            return
        }
        // At the end of perf script: that some chunks, of how many events is not said, were lost.
        if line.skip("Processed ") {
            guard line.skip(through: " events and lost "), let chunks = line.decimal(), chunks > 0 else { return nil }
            return
        }
        guard line.skip(through: "PERF_RECORD_LOST") else { return nil }
        _ = line.skip("_SAMPLES")
        if line.skip(through: "lost") {
            _ = line.skip(byte: UInt8(ascii: ":")) || line.skip(byte: UInt8(ascii: "="))
            line.skipSpaces()
            count = line.decimal() ?? 0
        }
    }

    /// `** 12 printk messages dropped **` of the kernel, `Suppressed 12 messages from ...` and `Missed 12 kernel messages` of
    /// the journal, `imuxsock lost 12 messages from ...` and `imjournal: 12 messages lost due to ...` of rsyslog.
    private static func ofLog(_ line: Scanner) -> UInt64? {
        let forms: [(before: StaticString, behind: StaticString)] = [
            ("** ", " printk messages dropped"), ("Suppressed ", " messages from "), ("Missed ", " kernel messages"),
            ("imuxsock lost ", " messages from "), ("rsyslogd: imuxsock lost ", " messages from "),
            ("imjournal: ", " messages lost due to "), ("rsyslogd: imjournal: ", " messages lost due to "),
        ]
        for form in forms {
            var rest = line
            if rest.skip(form.before), let lost = rest.decimal(), rest.skip(form.behind) { return lost }
        }
        return nil
    }
}
