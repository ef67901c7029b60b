// SPDX-License-Identifier: GPL-2.0-only

/// How to record I/Os with the kernel's own tools, so that a report can be made of it elsewhere: command lines for a
/// root shell.
public struct TraceRecipe: Sendable {
    public enum Tool: String, Sendable, CaseIterable {
        case traceCmd = "trace-cmd"
        case perf, ftrace, bpftrace
    }

    let layout: KernelLayout
    private static let tracing = "/sys/kernel/tracing"

    public init(_ layout: KernelLayout) {
        self.layout = layout
    }

    /// The probe events of iomap: what has no tracepoint. Each is named for its function, by which a reader knows it.
    public var probes: [String] {
        guard layout.hasProbes else { return [] }
        let dio = "+\(layout.bioPrivate)($arg1)"
        let pages = "+\(layout.mappingPages)(+\(layout.fileMapping)(+0(+0(\(dio)))))"
        var probes = [
            probe(
                "iomap_dio_bio_end_io",
                "iocb=+0(\(dio)):x64 isize=+16(\(dio)):s64 done=+24(\(dio)):s64 ref=+32(\(dio)):s32"
                    + " flags=+36(\(dio)):x32 error=+40(\(dio)):s32 waiter=+\(layout.dioWaiter)(\(dio)):u8"
                    + " \(status) pos=+8(+0(\(dio))):s64 nrpages=\(pages):u64")
        ]
        if let bio = layout.simpleBio {
            probes.append(probe("iomap_dio_simple_end_io", "iocb=-\(bio)($arg1):x64 \(status)"))
        }
        if !layout.hasTracepoints {
            probes += [begin] + ofCompletion
        }
        return probes + [probe("io_req_rw_complete", "req=$arg1:x64")]
    }

    /// The begin, where it has no tracepoint, or is to show the kiocb as well.
    var begin: String {
        probe(
            "iomap_dio_rw", at: "__iomap_dio_rw",
            "\(iocb) \(file(superBlock: ofFile)) \(length("$arg2")) dio_flags=$arg5:x32")
    }

    /// 7.3: reads of up to a block of the file system.
    var simpleBegin: String {
        probe(
            "iomap_dio_rw", at: "__iomap_dio_read_simple", "\(iocb) \(file(superBlock: ofFile)) \(length("$arg2"))")
    }

    var ofCompletion: [String] {
        [probe("iomap_dio_complete", "iocb=+0($arg1):x64"), returns("iomap_dio_complete")]
    }

    /// Probes for block devices and `fs/direct-io.c`, which have no tracepoints on any kernel.
    public var otherProbes: [String] {
        guard layout.hasProbes else { return [] }
        let dio = "+\(layout.bioPrivate)($arg1)"
        let device = "ino=+\(layout.inodeNumber)(\(ofFile)):u64 dev=+\(layout.inodeDevice)(\(ofFile)):u32"
        var probes = ["blkdev_read_iter", "blkdev_write_iter"].flatMap { function in
            [probe(function, "\(iocb) \(device) \(length("$arg2"))"), returns(function)]
        }
        probes.append(probe("blkdev_bio_end_io", "iocb=+0(\(dio)):x64 \(status)"))
        if let bio = layout.blockBio {
            probes.append(probe("blkdev_bio_end_io_async", "iocb=-\(bio)($arg1):x64 \(status)"))
        }
        if let legacy = layout.legacy {
            let pages = "+\(layout.mappingPages)(+\(layout.inodeMapping)(+\(legacy.inode)(\(dio))))"
            let end =
                "iocb=+\(legacy.iocb)(\(dio)):x64 ref=+\(legacy.references)(\(dio)):u64 defer=+\(legacy.defers)(\(dio)):u8"
                + " error=+\(legacy.error)(\(dio)):s32 \(status) nrpages=\(pages):u64"
            probes += [
                probe("__blockdev_direct_IO", "\(iocb) \(file(superBlock: "$arg2")) \(length("$arg4"))"),
                probe("dio_bio_end_aio", end), probe("dio_bio_end_io", end),
                probe(
                    "dio_complete",
                    "iocb=+\(legacy.iocb)($arg1):x64 ret=$arg2:s64 async=$arg3:u32 error=+\(legacy.error)($arg1):s32"),
            ]
        }
        return probes
            + ["aio_complete_rw", "io_complete_rw", "io_complete_rw_iopoll"].map {
                probe($0, "iocb=$arg1:x64 res=$arg2:s64")
            }
    }

    private var iocb: String { "iocb=$arg1:x64 pos=+8($arg1):s64 complete=+16($arg1):symbol ki_flags=+32($arg1):x32" }
    private var status: String { "status=+\(layout.bioStatus)($arg1):u8" }
    /// The inode of a kiocb's file.
    private var ofFile: String { "+\(layout.fileInode)(+0($arg1))" }

    private func file(superBlock inode: String) -> String {
        let superBlock = "+\(layout.inodeSuperBlock)(\(inode))"
        return "ino=+\(layout.inodeNumber)(\(inode)):u64 dev=+\(layout.superBlockDevice)(\(superBlock)):u32"
    }

    private func length(_ iter: String) -> String {
        "count=+\(layout.iterCount)(\(iter)):u64 write=+\(layout.iterDirection)(\(iter)):u8"
    }

    /// - Parameter place: the function, where the event is named for the one that calls it.
    private func probe(_ function: String, at place: String? = nil, _ arguments: String) -> String {
        "\(layout.hasFunctionProbes ? "f" : "p"):dioscope/\(function) \(place ?? function) \(arguments)"
    }

    private func returns(_ function: String) -> String {
        let name = "dioscope/\(function)__return \(function)"
        return layout.hasFunctionProbes ? "f:\(name)%return ret=$retval:s64" : "r:\(name) ret=$retval:s64"
    }

    /// Tracepoints, as `system:event`.
    var events: [String] {
        let iomap = ["iomap:iomap_dio_rw_begin", "iomap:iomap_dio_rw_queued", "iomap:iomap_dio_complete"]
        // Switching these on can hang kernels before 6.2, which have none of iomap's either.
        let timer = ["irq_vectors:local_timer_entry", "irq_vectors:local_timer_exit"]
        let own = iomap + (layout.hasTimerEvents ? timer : [])
        return (layout.hasTracepoints ? own : []) + [
            "block:block_bio_queue", "block:block_getrq", "block:block_rq_issue", "block:block_rq_complete",
            "irq:irq_handler_entry", "irq:irq_handler_exit", "irq:softirq_raise", "irq:softirq_entry",
            "irq:softirq_exit", "workqueue:workqueue_queue_work", "workqueue:workqueue_execute_start",
            "workqueue:workqueue_execute_end", "sched:sched_switch",
        ]
    }

    /// What it records: tracepoints, and functions by probes.
    var recorded: Set<String> {
        let points = events.compactMap { $0.split(separator: ":").last.map(String.init) }
        let functions = (probes + otherProbes).compactMap { probe -> String? in
            let name = probe.split(separator: " ").first?.split(separator: "/").last
            return name.map { String($0).replacing("__return", with: "") }
        }
        return Set(points + functions)
    }

    public func text(for tool: Tool) -> String {
        if tool == .bpftrace { return bpftrace }
        guard layout.hasProbes else { return (Self.withoutProbes + commands(tool)).joined(separator: "\n") + "\n" }
        let remark =
            [
                "# As root. Offsets are those of \(layout.origin). io_req_rw_complete only matters for io_uring; a probe that",
                "# the kernel refuses may be left out: the report says what is missing.",
            ] + (layout.hasFunctionProbes ? [] : Self.gapsOfKprobes)
        let other = ["# The following are for block devices without a file system, and for vfat and the like:"]
        let names = (probes + otherProbes).compactMap { $0.split(separator: " ").first?.dropFirst(2) }
        let clear =
            "for probe in \(names.joined(separator: " ")); do"
            + " echo \"-:$probe\" >>\(Self.tracing)/dynamic_events; done"
        return (remark + probes.map(set) + other + otherProbes.map(set) + commands(tool) + [clear])
            .joined(separator: "\n") + "\n"
    }

    private static let withoutProbes = [
        "# As root. This kernel takes no probes (CONFIG_KPROBE_EVENTS is not set). Only what has tracepoints is recorded:",
        "# not the reason of a deferral, nor what io_uring does after the completion, nor block devices without a file system",
        "# and vfat. 'dioscope record' needs no such probes.",
    ]

    /// The group of the probes.
    private var group: [String] { layout.hasProbes ? ["dioscope"] : [] }

    /// Before 6.5.
    static let gapsOfKprobes = [
        "# This kernel has kprobes and no function probes. A kprobe is skipped, and not counted, while another one runs on",
        "# its CPU: some I/Os lack end_io, and the reason of their deferral is unknown; of those that bypass iomap some lack",
        "# their completion. The report counts both. --how bpftrace has no such gap where bpftrace has kfunc: not on 5.10.",
    ]

    private func set(_ probe: String) -> String { "echo '\(probe)' >>\(Self.tracing)/dynamic_events" }

    /// COMMAND stands for the workload.
    private func commands(_ tool: Tool) -> [String] {
        switch tool {
        case .traceCmd:
            let words = (events + group).map { "-e \($0)" }.joined(separator: " ")
            return ["trace-cmd record -C mono -b 16384 \(words) -o trace.dat COMMAND", "dioscope report trace.dat"]
        case .perf:
            let words = (events + group.map { "\($0):*" }).map { "-e '\($0)'" }.joined(separator: " ")
            return [
                "perf record -a -m 16M -k CLOCK_MONOTONIC \(words) -o perf.data -- COMMAND",
                "perf script --ns --header -i perf.data | gzip >perf.txt.gz", "dioscope report perf.txt.gz",
            ]
        case .bpftrace: return []
        case .ftrace:
            let names = (events.map { $0.replacing(":", with: "/") } + group).joined(separator: " ")
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
