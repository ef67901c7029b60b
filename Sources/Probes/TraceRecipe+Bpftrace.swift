// SPDX-License-Identifier: GPL-2.0-only

/// The same events by bpftrace, for boxes where that may run: a script that prints them as raw fields of ftrace.
extension TraceRecipe {
    /// Every line begins with its time in 20 digits, by which CPUs are merged again.
    private static let head = #"$t = nsecs; printf("%020llu %16s-%-6d [%03d] %llu.%09llu: "#
    private static let place = "$t, comm, tid, cpu, $t / 1000000000, $t % 1000000000"

    /// One probe a line.
    var script: [String] {
        events.compactMap(Self.tracepoint) + (probes + otherProbes).map(Self.functionProbe)
    }

    /// - Parameter event: `system:event`.
    private static func tracepoint(_ event: String) -> String? {
        guard let name = event.split(separator: ":").last.map(String.init) else { return nil }
        let fields = fields(of: name)
        let text = fields.map { "\($0.name)=\($0.form)" }.joined(separator: " ")
        let values = fields.map { ", \($0.value)" }.joined()
        return "tracepoint:\(event) { \(head)\(name): \(text)\\n\", \(place)\(values)); }"
    }

    private typealias Field = (name: String, form: String, value: String)

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
    static func functionProbe(_ event: String) -> String {
        let words = event.split(separator: " ")
        let name = words[0].split(separator: "/").last ?? ""
        let returns = name.hasSuffix("__return")
        let function = words[1].replacing("%return", with: "")
        let arguments = words.dropFirst(2).map(argument)
        let text = arguments.map { " \($0.name)=\($0.form)" }.joined()
        let values = arguments.map { ", \($0.value)" }.joined()
        let at = returns ? "(0 <- \(function))" : "(\(function)+0)"
        let kind = returns ? "kretprobe" : "kprobe"
        return "\(kind):\(function) { \(head)\(name): \(at)\(text)\\n\", \(place)\(values)); }"
    }

    /// `name=+8(+0($arg1)):s64`.
    private static func argument(_ word: Substring) -> Field {
        let parts = word.split(separator: "=", maxSplits: 1)
        let typed = parts.count == 2 ? parts[1].split(separator: ":", maxSplits: 1) : []
        let (fetched, type) = (typed.first ?? "", typed.count == 2 ? typed[1] : "x64")
        let name = String(parts.first ?? "")
        if type == "symbol" { return (name, "%s", "ksym(\(value(fetched, as: "uint64")))") }
        let sign = type.hasPrefix("s") ? "int" : "uint"
        let number = "\(sign)\(type.dropFirst())"
        return (name, sign == "int" ? "%lld" : "0x%llx", "(\(sign)64)\(value(fetched, as: number))")
    }

    /// `+8(+0($arg1))` as bpftrace has it: what is at an address is read, with the type asked for at last.
    private static func value(_ fetched: Substring, as type: String) -> String {
        if fetched == "$retval" { return "retval" }
        if fetched.hasPrefix("$arg"), let number = Int(fetched.dropFirst(4)) {
            // Only part of the register may be the argument.
            return type == "int64" || type == "uint64" ? "arg\(number - 1)" : "((\(type))arg\(number - 1))"
        }
        guard let open = fetched.firstIndex(of: "("), fetched.last == ")" else { return "0" }
        let inner = value(fetched[fetched.index(after: open)...].dropLast(), as: "uint64")
        let offset = fetched[..<open]
        return "*(\(type) *)(\(inner) \(offset.first == "-" ? "-" : "+") \(offset.dropFirst()))"
    }

    /// A function that this kernel does not have would keep bpftrace from starting.
    var bpftrace: String {
        let remark = [
            "# As root. Offsets are those of \(layout.origin). What is to be probed and not there is left out. Events",
            "# that bpftrace lost are counted in the report: with fewer I/Os a second, it loses none.",
            "cat >dioscope-load.sh <<'END'", "COMMAND", "END", "cat >dioscope.bt <<'END'",
        ]
        let after = [
            "END",
            "while read -r line; do function=${line#k*probe:}; function=${function%% *}",
            "case $line in k*) [ -e /sys/kernel/tracing/kprobe_events ] && grep -q \" [tT] $function\\($\\|[[:space:]]\\)\" /proc/kallsyms || continue;; esac",
            "printf '%s\\n' \"$line\"; done <dioscope.bt >dioscope-here.bt",
            "export BPFTRACE_PERF_RB_PAGES=4096 BPFTRACE_MAX_PROBES=1024",
            "bpftrace -q -o trace.raw -c '/bin/sh dioscope-load.sh' dioscope-here.bt",
            "{ echo \"# os release : $(uname -r)\"; sort trace.raw | sed 's/^[0-9]\\{20\\} //'; } | gzip >trace.txt.gz",
            "dioscope report trace.txt.gz",
        ]
        return (remark + script + after).joined(separator: "\n") + "\n"
    }
}
