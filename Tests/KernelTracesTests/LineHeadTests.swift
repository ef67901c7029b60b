// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import KernelTraces

/// What stands in front of an event, whatever the thread calls itself.
@Suite struct LineHeadTests {
    private func head(_ text: String, _ format: TextFormat) -> (name: String, head: LineHead)? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return nil }
            var scanner = Scanner(start, start + buffer.count)
            let head = format == .ftrace ? LineHead.ofFtrace(&scanner) : LineHead.ofPerf(&scanner)
            return head.map { (String(decoding: $0.name, as: UTF8.self), $0) }
        }
    }

    @Test(arguments: ["fio", "a b", "kworker/1:1", "x-1 [000]", "tricky-9", "]: [", "a-1 [0] 1.0: b", "ends-12"])
    func namesMayContainAnything(name: String) throws {
        let padded = String(repeating: " ", count: 16 - name.utf8.count) + name
        let ftrace = try #require(
            head("\(padded)-211     [001] d.h1.    33.853631: irq_handler_entry: irq=29", .ftrace))
        #expect(ftrace.name == name)
        #expect(ftrace.head.thread == 211 && ftrace.head.cpu == 1 && ftrace.head.context == .hardirq)
        #expect(ftrace.head.time == 33_853_631_000 && ftrace.head.precision == 6)
        let perf = try #require(head("\(padded)   211 [001]  1692.446769612: block:block_rq_issue: x", .perf))
        #expect(perf.name == name && perf.head.thread == 211 && perf.head.time == 1_692_446_769_612)
    }

    @Test(arguments: [
        "             fio-182   [000]     9.336389: softirq_entry:        vec=7 [action=SCHED]",
        "             fio-182   [000]     9.336389000: softirq_entry: vec=7",
        "             fio-182     (    180) [000] ..s..     9.336389: softirq_entry: vec=7",
        "     fio-182     0..s..     9.336389: softirq_entry:        vec=7 [action=SCHED]",
        "fio-182 [000] 9.336389: softirq_entry: vec=7",
    ])
    func ftracesForms(line: String) throws {
        let found = try #require(head(line, .ftrace))
        #expect(found.name == "fio" && found.head.thread == 182 && found.head.cpu == 0)
        #expect(found.head.time == 9_336_389_000)
    }

    @Test func theLatencyFormatOfTheKernelHasMicroseconds() throws {
        let found = try #require(head("  <idle>-0         1d.h1. 205692us+: softirq_raise: vec=1", .ftrace))
        #expect(found.head.time == 205_692_000 && found.head.cpu == 1 && found.head.context == .hardirq)
    }

    @Test func perfsOtherForms() throws {
        #expect(try #require(head("             fio   180/211 [001]  1.5: a:b: c", .perf)).head.thread == 211)
        let gone = try #require(head("             :-1    -1 [000]  1691.960290699: sched:sched_switch: x", .perf))
        #expect(gone.head.thread == UInt32.max)
    }

    @Test(arguments: [
        "   211 [001]  1692.446769612: block:block_rq_issue: x", "211 [001]  1692.446769612: block:block_rq_issue: x",
        " 180/211 [001]  1692.446769612: block:block_rq_issue: x",
        "             fio   211 [001] K      1692.446769612: block:block_rq_issue: x",
        "             fio   180/211 [001] 1692.446769612:          1 block:block_rq_issue: x",
    ])
    func perfsFieldsAreWhatWasAskedFor(line: String) throws {
        let found = try #require(head(line, .perf))
        #expect(found.head.thread == 211 && found.head.cpu == 1 && found.head.time == 1_692_446_769_612)
        #expect(["", "fio"].contains(found.name))
    }

    @Test(arguments: ["", "#", "hello, world", "CPU:1 [LOST 7 EVENTS]", "a-b [001] x", "             fio-211     [001"])
    func whatIsNoHead(line: String) {
        #expect(head(line, .ftrace) == nil)
        #expect(head(line, .perf) == nil)
    }
}
