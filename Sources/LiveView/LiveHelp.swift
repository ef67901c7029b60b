// SPDX-License-Identifier: GPL-2.0-only

/// What the keys do.
struct LiveHelp {
    private let state: LiveState

    init(_ state: LiveState) { self.state = state }

    var lines: [String] {
        [
            "", " q      quit", " p      pause: the view stands still, and goes on with p",
            " + -    longer and shorter intervals, 1s to 60s",
            " g      group by device, file, thread, op, context, issuer",
            " s      sort the groups by I/Os, mean or p99",
            " f      show only I/Os for which an expression holds, as in report --where;",
            "        " + (state.keeps == nil ? "of op, dev, context and issuer" : "of any field"),
            " r      forget what was seen so far",
            " w      " + saving, " h      this help", "",
            " Latency is from the submission to the last point seen, as in dioscope report.",
        ] + precision
    }

    private var saving: String {
        guard let keeps = state.keeps else { return "save a capture: only with --keep, which keeps records" }
        return "save a capture of the last \(keeps)s"
    }

    private var precision: [String] {
        guard state.keeps == nil else { return [" Every I/O is a record (--keep)."] }
        return [
            " I/Os are summed up in the kernel: counts and means are exact, percentiles",
            " within 1.6%. Files and threads are estimated from one I/O in 16.",
        ]
    }
}
