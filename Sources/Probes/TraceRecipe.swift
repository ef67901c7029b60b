// SPDX-License-Identifier: GPL-2.0-only

/// How to record I/Os with the kernel's own tools, so that a report can be made of it elsewhere: command lines for a
/// root shell.
public struct TraceRecipe: Sendable {
    public enum Tool: String, Sendable, CaseIterable {
        case traceCmd = "trace-cmd"
        case perf, ftrace
    }

    private let layout: KernelLayout
    private static let tracing = "/sys/kernel/tracing"

    public init(_ layout: KernelLayout) {
        self.layout = layout
    }

    /// The kprobe events: what has no tracepoint. Each is named for its function, by which a reader knows it.
    public var probes: [String] {
        let dio = "+\(layout.bioPrivate)($arg1)"
        let inode = "+\(layout.fileInode)(+0($arg1))"
        let pages = "+\(layout.mappingPages)(+\(layout.fileMapping)(+0(+0(\(dio)))))"
        var probes = [
            probe(
                "iomap_dio_bio_end_io",
                "iocb=+0(\(dio)):x64 isize=+16(\(dio)):s64 done=+24(\(dio)):s64 ref=+32(\(dio)):s32"
                    + " flags=+36(\(dio)):x32 error=+40(\(dio)):s32 waiter=+\(layout.dioWaiter)(\(dio)):u8"
                    + " status=+\(layout.bioStatus)($arg1):u8 pos=+8(+0(\(dio))):s64 nrpages=\(pages):u64")
        ]
        if let bio = layout.simpleBio {
            probes.append(
                probe("iomap_dio_simple_end_io", "iocb=-\(bio)($arg1):x64 status=+\(layout.bioStatus)($arg1):u8"))
        }
        if !layout.hasTracepoints {
            let superBlock = "+\(layout.inodeSuperBlock)(\(inode))"
            probes += [
                probe(
                    "iomap_dio_rw",
                    "iocb=$arg1:x64 pos=+8($arg1):s64 complete=+16($arg1):symbol ki_flags=+32($arg1):x32"
                        + " ino=+\(layout.inodeNumber)(\(inode)):u64 dev=+\(layout.superBlockDevice)(\(superBlock)):u32"
                        + " count=+\(layout.iterCount)($arg2):u64 dio_flags=$arg5:x32"),
                probe("iomap_dio_complete", "iocb=+0($arg1):x64"),
                "r:dioscope/iomap_dio_complete__return iomap_dio_complete ret=$retval:s64",
            ]
        }
        return probes + [probe("io_req_rw_complete", "req=$arg1:x64")]
    }

    private func probe(_ function: String, _ arguments: String) -> String {
        "p:dioscope/\(function) \(function) \(arguments)"
    }

    /// Tracepoints, as `system:event`.
    private var events: [String] {
        let iomap = ["iomap:iomap_dio_rw_begin", "iomap:iomap_dio_rw_queued", "iomap:iomap_dio_complete"]
        // Switching these on can hang kernels before 6.2, which have none of iomap's either.
        let timer = ["irq_vectors:local_timer_entry", "irq_vectors:local_timer_exit"]
        return (layout.hasTracepoints ? iomap + timer : []) + [
            "block:block_bio_queue", "block:block_rq_issue", "block:block_rq_complete", "irq:irq_handler_entry",
            "irq:irq_handler_exit", "irq:softirq_entry", "irq:softirq_exit", "workqueue:workqueue_queue_work",
            "workqueue:workqueue_execute_start", "workqueue:workqueue_execute_end", "sched:sched_switch",
        ]
    }

    public func text(for tool: Tool) -> String {
        let remark = [
            "# As root. Offsets are those of \(layout.origin). io_req_rw_complete only matters for io_uring; a probe that",
            "# the kernel refuses may be left out: the report says what is missing.",
        ]
        let set = probes.map { "echo '\($0)' >>\(Self.tracing)/kprobe_events" }
        let clear = probes.map { probe in
            let name = probe.split(separator: " ").first?.drop { $0 != ":" } ?? ""
            return "echo '-\(name)' >>\(Self.tracing)/kprobe_events"
        }
        return (remark + set + commands(tool) + clear).joined(separator: "\n") + "\n"
    }

    /// COMMAND stands for the workload.
    private func commands(_ tool: Tool) -> [String] {
        switch tool {
        case .traceCmd:
            let words = (events + ["dioscope"]).map { "-e \($0)" }.joined(separator: " ")
            return ["trace-cmd record -C mono -b 16384 \(words) -o trace.dat COMMAND", "dioscope report trace.dat"]
        case .perf:
            let words = (events + ["dioscope:*"]).map { "-e '\($0)'" }.joined(separator: " ")
            return [
                "perf record -a -m 16M -k CLOCK_MONOTONIC \(words) -o perf.data -- COMMAND",
                "perf script --ns --header -i perf.data | gzip >perf.txt.gz", "dioscope report perf.txt.gz",
            ]
        case .ftrace:
            let names = (events.map { $0.replacing(":", with: "/") } + ["dioscope"]).joined(separator: " ")
            return [
                "echo mono >\(Self.tracing)/trace_clock; echo 16384 >\(Self.tracing)/buffer_size_kb",
                "for event in \(names); do echo 1 >\(Self.tracing)/events/$event/enable; done",
                "echo >\(Self.tracing)/trace; echo 1 >\(Self.tracing)/tracing_on",
                "COMMAND",
                "echo 0 >\(Self.tracing)/tracing_on",
                "{ echo \"# os release : $(uname -r)\"; cat \(Self.tracing)/trace; } | gzip >trace.txt.gz",
                "echo 0 >\(Self.tracing)/events/enable", "dioscope report trace.txt.gz",
            ]
        }
    }
}
