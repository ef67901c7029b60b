// SPDX-License-Identifier: GPL-2.0-only

/// The same events by bpftrace, for boxes where that may run: a script that prints them as raw fields of ftrace.
///
/// The kernel skips programs of kprobes and tracepoints that would interrupt another such program of the CPU, and counts
/// none. Programs at functions' entries by fentry (bpftrace's `kfunc`) are skipped only while they themselves run, so
/// that everything which happens in interrupts is recorded by these where bpftrace has them.
extension TraceRecipe {
    /// What tasks do, in programs that interrupts may skip over; and what is good to know but not needed.
    var scriptOfTasks: [String] {
        let own = Set(Self.interruptTracepoints)
        let begins = layout.hasTracepoints ? [begin] + (layout.simpleBio == nil ? [] : [simpleBegin]) : []
        return events.filter { !own.contains($0) }.map { Self.tracepoint($0) }
            + (begins + probes + otherProbes).filter { Self.parameters(of: $0) == nil }.map { Self.probe($0) }
    }

    /// What happens in interrupts, by fentry.
    var scriptOfEntries: [String] {
        let irq = "args->desc->irq_data.irq"
        let block = ["kfunc:blk_done_softirq": "entry", "kretfunc:blk_done_softirq": "exit"]
        let work = "(uint64)args->work"
        return [
            Self.line("kfunc:__handle_irq_event_percpu", "irq_handler_entry", [("irq", "%d", irq)]),
            Self.line("kretfunc:__handle_irq_event_percpu", "irq_handler_exit", [("irq", "%d", irq)]),
            Self.line(
                "kfunc:__queue_work", "workqueue_queue_work",
                [("work", "0x%llx", work), ("function", "%s", "ksym(*(uint64 *)(\(work) + 24))")]),
        ]
            + block.sorted { $0.key < $1.key }.map { Self.line($0.key, "softirq_\($0.value)", [("vec", "%d", "4")]) }
            + ["entry", "exit"].map { Self.tracepoint("irq:softirq_\($0)", " /args->vec != 4/") }
            + [Self.tracepoint("irq:softirq_raise")]
            + completions.compactMap { event in Self.parameters(of: event).map { Self.entry(event, $0) } }
    }

    /// The same for a bpftrace or kernel without fentry.
    var scriptOfProbes: [String] {
        Self.interruptTracepoints.map { Self.tracepoint($0) }
            + (probes + otherProbes).filter { Self.parameters(of: $0) != nil }.map { Self.probe($0) }
    }

    /// `iomap_dio_complete` too, which has a tracepoint that may be skipped.
    private var completions: [String] {
        probes + (layout.hasTracepoints ? ofCompletion : []) + otherProbes
    }

    private static let interruptTracepoints = [
        "irq:irq_handler_entry", "irq:irq_handler_exit", "irq:softirq_raise", "irq:softirq_entry", "irq:softirq_exit",
        "workqueue:workqueue_queue_work",
    ]

    /// The names that functions which are called in interrupts give to their parameters.
    private static let parameters: [Substring: [String]] = [
        "iomap_dio_bio_end_io": ["bio"], "iomap_dio_simple_end_io": ["bio"], "iomap_dio_complete": ["dio"],
        "blkdev_bio_end_io": ["bio"], "blkdev_bio_end_io_async": ["bio"], "dio_bio_end_aio": ["bio"],
        "dio_bio_end_io": ["bio"], "dio_complete": ["dio", "ret", "flags"], "aio_complete_rw": ["kiocb", "res"],
        "io_complete_rw": ["kiocb", "res"], "io_complete_rw_iopoll": ["kiocb", "res"],
    ]

    private static func parameters(of event: String) -> [String]? {
        let function = event.split(separator: " ").dropFirst().first ?? ""
        return parameters[function.prefix { $0 != "%" }]
    }

    /// Every line begins with its time in 20 digits, by which CPUs are merged again.
    private static let head = #"$t = nsecs; printf("%020llu %16s-%-6d [%03d] %llu.%09llu: "#
    private static let place = "$t, comm, tid, cpu, $t / 1000000000, $t % 1000000000"

    private typealias Field = (name: String, form: String, value: String)

    /// One probe a line.
    private static func line(_ probe: String, _ name: String, _ fields: [Field], at place: String = "") -> String {
        let text = fields.map { "\($0.name)=\($0.form)" }.joined(separator: " ")
        let values = fields.map { ", \($0.value)" }.joined()
        return "\(probe) { \(head)\(name): \(place)\(text)\\n\", \(Self.place)\(values)); }"
    }

    /// - Parameter event: `system:event`.
    private static func tracepoint(_ event: String, _ condition: String = "") -> String {
        let name = String(event.split(separator: ":").last ?? "")
        return line("tracepoint:\(event)\(condition)", name, fields(of: name))
    }

    private static func fields(of event: String) -> [Field] {
        func numbers(_ names: String...) -> [Field] { names.map { ($0, "%lld", "(int64)args->\($0)") } }
        let function = ("function", "%s", "ksym(args->function)")
        let work = ("work", "0x%llx", "(uint64)args->work")
        switch event {
        case "iomap_dio_rw_begin":
            return numbers("dev", "ino", "pos", "count", "done_before", "ki_flags", "dio_flags", "aio")
        case "iomap_dio_complete": return numbers("dev", "ino", "pos", "ki_flags", "aio", "error", "ret")
        case "block_bio_queue", "block_getrq", "block_rq_issue", "block_rq_complete":
            return numbers("dev", "sector", "nr_sector") + [("rwbs", "%s", "args->rwbs")]
        case "irq_handler_entry", "irq_handler_exit": return numbers("irq")
        case "softirq_entry", "softirq_exit", "softirq_raise": return numbers("vec")
        case "workqueue_queue_work", "workqueue_execute_start": return [work, function]
        case "workqueue_execute_end": return [work]
        case "sched_switch":
            return numbers("prev_state") + [("next_comm", "%s", "args->next_comm")] + numbers("next_pid")
        default: return []
        }
    }

    /// - Parameter event: a probe event in the kernel's own words: `f:dioscope/NAME FUNCTION name=+8($arg1):s64`.
    static func probe(_ event: String) -> String {
        function(event, ("kprobe", "kretprobe")) { "arg\($0)" }
    }

    /// - Parameter parameters: their names, which fentry needs.
    private static func entry(_ event: String, _ parameters: [String]) -> String {
        function(event, ("kfunc", "kretfunc")) { $0 < parameters.count ? "args->\(parameters[$0])" : "0" }
    }

    private static func function(
        _ event: String, _ kinds: (entry: String, exit: String), _ register: (Int) -> String
    ) -> String {
        let words = event.split(separator: " ")
        let name = String(words[0].split(separator: "/").last ?? "")
        let returns = name.hasSuffix("__return")
        let function = words[1].replacing("%return", with: "")
        return line(
            "\(returns ? kinds.exit : kinds.entry):\(function)", name,
            words.dropFirst(2).map { argument($0, register) },
            at: returns ? "(0 <- \(function)) " : "(\(function)+0) ")
    }

    /// `name=+8(+0($arg1)):s64`.
    private static func argument(_ word: Substring, _ register: (Int) -> String) -> Field {
        let parts = word.split(separator: "=", maxSplits: 1)
        let typed = parts.count == 2 ? parts[1].split(separator: ":", maxSplits: 1) : []
        let (fetched, type) = (typed.first ?? "", typed.count == 2 ? typed[1] : "x64")
        let name = String(parts.first ?? "")
        if type == "symbol" { return (name, "%s", "ksym(\(value(fetched, as: "uint64", register)))") }
        let sign = type.hasPrefix("s") ? "int" : "uint"
        let number = "\(sign)\(type.dropFirst())"
        return (name, sign == "int" ? "%lld" : "0x%llx", "(\(sign)64)\(value(fetched, as: number, register))")
    }

    /// `+8(+0($arg1))` as bpftrace has it: what is at an address is read, with the type asked for at last.
    private static func value(_ fetched: Substring, as type: String, _ register: (Int) -> String) -> String {
        if fetched == "$retval" { return "retval" }
        if fetched.hasPrefix("$arg"), let number = Int(fetched.dropFirst(4)) {
            // Only part of the register may be the argument.
            return "((\(type))\(register(number - 1)))"
        }
        guard let open = fetched.firstIndex(of: "("), fetched.last == ")" else { return "0" }
        let inner = value(fetched[fetched.index(after: open)...].dropLast(), as: "uint64", register)
        let offset = fetched[..<open]
        return "*(\(type) *)(\(inner) \(offset.first == "-" ? "-" : "+") \(offset.dropFirst()))"
    }

    /// A function that this kernel does not have would keep bpftrace from starting.
    var bpftrace: String {
        let remark = [
            "# As root. Offsets are those of \(layout.origin). What is to be probed and not there is left out. Events",
            "# that bpftrace lost are counted in the report: with fewer I/Os a second, it loses none. Without kfunc (fentry)",
            "# in `bpftrace --info`, what happens in an interrupt of another of its programs is not recorded, and not",
            "# counted either: the report then shows how many I/Os are complete.",
            "cat >dioscope-load.sh <<'END'", "COMMAND", "END",
        ]
        let tracing = "/sys/kernel/tracing"
        let after = [
            "END", "script=dioscope-kprobe.bt",
            "bpftrace --info 2>&1 | grep -Eq '(kfunc|fentry): yes' && script=dioscope-kfunc.bt",
            "cat dioscope.bt $script | while read -r line; do function=${line#k*:}; function=${function%% *}",
            "case $line in",
            "kfunc*|kretfunc*) grep -q \"^$function\\($\\|[[:space:]]\\)\" \(tracing)/available_filter_functions || continue;;",
            "k*) [ -e \(tracing)/kprobe_events ] && grep -q \" [tT] $function\\($\\|[[:space:]]\\)\" /proc/kallsyms || continue;;",
            "esac", "printf '%s\\n' \"$line\"; done >dioscope-here.bt",
            "export BPFTRACE_PERF_RB_PAGES=4096 BPFTRACE_MAX_PROBES=1024",
            "bpftrace -q -o trace.raw -c '/bin/sh dioscope-load.sh' dioscope-here.bt",
            "{ echo \"# os release : $(uname -r)\"; sort trace.raw | sed 's/^[0-9]\\{20\\} //'; } | gzip >trace.txt.gz",
            "dioscope report trace.txt.gz",
        ]
        let scripts = [
            ("dioscope.bt", scriptOfTasks), ("dioscope-kfunc.bt", scriptOfEntries),
            ("dioscope-kprobe.bt", scriptOfProbes),
        ]
        let files = scripts.map { "cat >\($0.0) <<'END'\n" + $0.1.joined(separator: "\n") }
        return (remark + [files.joined(separator: "\nEND\n")] + after).joined(separator: "\n") + "\n"
    }
}
