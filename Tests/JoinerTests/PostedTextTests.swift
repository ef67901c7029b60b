// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import KernelTraces
import Testing

@testable import Joiner

/// One deferred write of 136 us that waited 31 us for its kworker, in the forms in which people post traces.
@Suite struct PostedTextTests {
    private static let event = [
        ("aio", 640, "2", 61.000100, "iomap:iomap_dio_rw_begin", begin),
        (
            "aio", 640, "2", 61.000110, "iomap:iomap_dio_rw_queued",
            "dev 259:3 ino 0x41 size 0x800000 offset 0x2000 length 0x0"
        ),
        ("swapper", 0, "2", 61.000200, "workqueue:workqueue_queue_work", queue),
        ("kworker/2:0", 33, "2", 61.000231, "workqueue:workqueue_execute_start", start),
        ("kworker/2:0", 33, "2", 61.000236, "iomap:iomap_dio_complete", complete),
    ]
    private static let begin =
        "dev 259:3 ino 0x41 size 0x800000 offset 0x1000 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags "
        + " aio 1"
    private static let queue =
        "work struct=0000000077aa3311 function=iomap_dio_complete_work workqueue=dio req_cpu=8192 cpu=2"
    private static let start = "work struct 0000000077aa3311: function iomap_dio_complete_work"
    private static let complete =
        "dev 259:3 ino 0x41 size 0x800000 offset 0x2000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096"

    /// As perf script prints them.
    private static let perf: [String] = event.map { name, thread, cpu, time, event, text in
        "\(pad(name, 16)) \(pad("\(thread)", 5)) [00\(cpu)] \(seconds(time)): \(event): \(text)"
    }
    /// As ftrace does.
    private static let ftrace: [String] = event.map { name, thread, cpu, time, event, text in
        let place = thread == 0 ? "d.h1." : "....."
        return "\(pad(name, 16))-\("\(thread)".padding(toLength: 7, withPad: " ", startingAt: 0)) [00\(cpu)] \(place)"
            + "    \(seconds(time)): \(event.split(separator: ":")[1]): \(text)"
    }

    private static func seconds(_ time: Double) -> String { String(format: "%.6f", time) }
    private static func pad(_ text: String, _ count: Int) -> String {
        String(repeating: " ", count: max(0, count - text.count)) + text
    }

    private struct Read {
        var ios: [DirectIO]
        var summary: TraceContents
        var description: TraceDescription
        var threads: Set<String>

        var waits: [UInt64] {
            ios.map { (($0.workStarted?.nanoseconds ?? 0) - ($0.workQueued?.nanoseconds ?? 0)) / 1000 }
        }
        var latencies: [UInt64] {
            ios.map { (($0.completed?.nanoseconds ?? 0) - $0.submitted.nanoseconds) / 1000 }
        }
        var losses: [String] { summary.loss.filter { $0.severity == .loss }.map(\.what) }
    }

    private func read(_ lines: [String], separator: String = "\n") throws -> Read {
        try read(Array((lines.joined(separator: separator) + separator).utf8))
    }

    private func read(_ bytes: [UInt8]) throws -> Read {
        let input = try TraceInput(OpenFile(holding: bytes)) { _ in false }
        guard case .text(let format, let stream, let prefix) = input.content else { throw TraceError.unknownFormat("") }
        let reader = TextReader(format, stream, prefix: prefix)
        var ios: [DirectIO] = []
        var joiners = (0..<4).map { Joiner(rule: .unknown, machine: UInt8($0), reader: reader) }
        let summary = try reader.read { event in joiners[Int(event.machine)].add(event) { ios.append($0) } }
        for machine in joiners.indices { joiners[machine].finish { ios.append($0) } }
        return Read(
            ios: ios, summary: summary, description: reader.description,
            threads: Set(joiners.flatMap { $0.threads.values.map(\.name) }))
    }

    private func expectWhole(_ read: Read, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(read.latencies == [136] && read.waits == [31] && read.losses.isEmpty, sourceLocation: sourceLocation)
        #expect(read.threads == ["aio"], sourceLocation: sourceLocation)
        #expect(read.ios.first?.completeContext == .kworker, sourceLocation: sourceLocation)
    }

    @Test func thePlainForms() throws {
        expectWhole(try read(Self.perf))
        expectWhole(try read(Self.ftrace))
    }

    @Test(arguments: [("_", "\\_"), ("|", "\\|"), ("  ", "\u{a0} "), ("  ", "&#160; ")])
    func markupAroundSignsIsTakenOff(sign: String, markup: String) throws {
        for lines in [Self.perf, Self.ftrace] {
            expectWhole(try read(lines.map { $0.replacing(sign, with: markup) }))
        }
    }

    @Test(arguments: [("\"", "\""), ("b'", "'"), ("", "<br>"), ("", "\\n")])
    func whatQuotesALineIsNoPartOfAName(before: String, after: String) throws {
        for lines in [Self.perf, Self.ftrace] {
            let read = try read(lines.map { before + $0 + after })
            #expect(read.waits == [31] && read.ios.first?.completeContext == .kworker)
        }
    }

    private static func collapsed(_ lines: [String]) -> [String] {
        lines.map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test func runsOfBlanksMayBeOne() throws {
        for lines in [Self.perf, Self.ftrace] {
            expectWhole(try read(Self.collapsed(lines)))
            expectWhole(try read(Self.collapsed(lines).map { "> " + $0 }))
        }
    }

    /// The trace, and in the same mail an answer that quotes it.
    @Test func aCopyWithoutItsBlanksIsACopy() throws {
        for lines in [Self.perf, Self.ftrace] {
            for mark in ["> ", "JD> ", "> > ", "\t"] {
                let read = try read(
                    lines + ["", "On Monday, A. Writer wrote:"] + Self.collapsed(lines).map { mark + $0 })
                expectWhole(read)
                #expect(read.summary.repeatedEvents == 5)
            }
        }
    }

    @Test(arguments: ["JD> ", "jd>", "Ann> > ", "> JD> "])
    func initialsBeforeQuotedLinesAreNoPartOfAName(mark: String) throws {
        for lines in [Self.perf, Self.ftrace] { expectWhole(try read(lines.map { mark + $0 })) }
    }

    /// It is that of one thread, and not of all.
    @Test func aThreadMayHaveANameLikeInitials() throws {
        for lines in [Self.perf, Self.ftrace] {
            let read = try read(lines.map { $0.replacing("             aio", with: "         ab> aio") })
            #expect(read.threads == ["ab> aio"] && read.latencies == [136])
        }
    }

    /// Of `grep -n -C`: the lines that were looked for, and their surroundings.
    @Test(arguments: ["", "t.txt", "trace-2026-11-28.txt", "./a b/trace.txt"])
    func numbersOfLinesAreNoPartOfAName(file: String) throws {
        for lines in [Self.perf, Self.ftrace] {
            for isIndented in [true, false] {
                let numbered = lines.enumerated().map { index, line in
                    let mark = line.contains("iomap") ? ":" : "-"
                    let line = isIndented ? line : String(line.drop { $0 == " " })
                    return (file.isEmpty ? "" : file + mark) + "\(index + 98)\(mark)" + line
                }
                let text = numbered.prefix(2) + ["--"] + numbered.dropFirst(2)
                let read = try read(Array(text))
                expectWhole(read)
                #expect(read.summary.otherLines == 0 && read.description.machines.isEmpty)
            }
        }
    }

    @Test func numberedLinesOfTwoFilesAreOfTwoMachines() throws {
        let lines = ["a.txt", "b.txt"].flatMap { file in
            Self.ftrace.enumerated().map { "\(file)-\($0 + 7)-" + $1 }
        }
        let read = try read(lines)
        #expect(read.description.machines == ["a.txt", "b.txt"] && read.latencies == [136, 136])
    }

    @Test func linesMayEndInReturnsAlone() throws { expectWhole(try read(Self.perf, separator: "\r")) }

    @Test func twoBytesACharacterNeedNoMark() throws {
        let text = Self.ftrace.joined(separator: "\r\n") + "\r\n"
        expectWhole(try read(text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }))
        expectWhole(try read(text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }))
    }

    @Test func timesSinceTheLineBeforeGiveAnOrderOnly() throws {
        let times = ["    0.000000", "    0.000010", "    0.000090", "    0.000031", "    0.000005"]
        let lines = zip(Self.perf, times).map { line, time in line.replacing(#/ 61\.\d+/#, with: time) }
        let read = try read(lines)
        #expect(!read.description.hasTimes && read.losses == ["times-are-differences"])
        #expect(read.ios.map(\.completeContext) == [.kworker] && read.threads == ["aio"])
    }

    @Test func timesSinceTheFirstLineAreTimes() throws {
        let times = ["    0.000000", "    0.000010", "    0.000100", "    0.000131", "    0.000136"]
        expectWhole(try read(zip(Self.perf, times).map { line, time in line.replacing(#/ 61\.\d+/#, with: time) }))
    }

    @Test func indentsMarksOfADiffAndTimesOfDayAreNoPartOfAName() throws {
        for prefix in ["\t", "\t\t", "+ ", ">\t", "2026-11-28 10:11:12 ", "11:02:03.123456 "] {
            expectWhole(try read(Self.perf.map { prefix + $0 }))
        }
    }

    @Test func theTimeOfDayMayStandBeforeTheTimeOrForIt() throws {
        expectWhole(try read(Self.perf.map { $0.replacing("] 61.", with: "] 2026-11-21 18:15:42.000009 61.") }))
        expectWhole(
            try read(
                Self.perf.map {
                    $0.replacing("] 61.", with: "] 2026-11-21 18:15:42.").replacing(": iomap:", with: " iomap:")
                }))
    }

    @Test func theEventsOfAnotherProgramAreCounted() throws {
        let few = try read(Self.perf + Self.ftrace.prefix(2))
        #expect(few.latencies == [136] && few.losses == ["trace-foreign-lines"] && few.summary.foreignLines == 2)
        let other = try read(Self.perf.prefix(2) + Self.ftrace)
        #expect(other.latencies == [136] && other.losses == ["trace-foreign-lines"] && other.summary.foreignLines == 2)
    }

    @Test func linesOfPerfWithoutTheThreadAreRefused() throws {
        let lines = Self.perf.map { $0.replacing(#/ +\d+ \[/#, with: " [") }
        #expect(throws: TraceError.self) { try read(lines.map { $0.replacing("kworker/2:0", with: "kworker/2:0-33") }) }
    }

    @Test func namesThatAreCutAreCounted() throws {
        #expect(try read(Self.perf.map { String($0.prefix(52)) }).summary.unparsed == 5)
    }

    @Test func theCPUsOfOneTraceAreNoMachines() throws {
        let lines = Self.ftrace.map { "/sys/kernel/tracing/per_cpu/cpu\($0.contains("kworker") ? 1 : 0)/trace:\($0)" }
        let read = try read(lines)
        #expect(read.description.machines.isEmpty && read.latencies == [136] && read.losses.isEmpty)
    }

    @Test func theGuestsOfAHostAreMachinesOfTheirOwn() throws {
        let read = try read(zip(Self.perf, Self.perf).flatMap { [$0, "VM: 1234 VCPU:003 " + $1] })
        #expect(read.description.machines == ["host", "VM: 1234"] && read.latencies == [136, 136])
        #expect(Set(read.ios.map(\.machine)) == [0, 1] && read.threads == ["aio"])
    }

    @Test func whatWasSortedByNamesIsPutInOrder() throws {
        let seconds = 60..<80
        let lines = seconds.flatMap { second in
            Self.ftrace.map {
                $0.replacing(" 61.", with: " \(second).").replacing("0000000077aa3311", with: "00000000000000\(second)")
            }
        }
        // By the text: the threads one after the other, each of them in order.
        let read = try read(lines.sorted { $0.prefix(16) < $1.prefix(16) })
        #expect(read.latencies == [UInt64](repeating: 136, count: 20) && Set(read.waits) == [31])
        let mixed = try self.read(lines.sorted { String($0.reversed()) < String($1.reversed()) })
        #expect(mixed.latencies == [UInt64](repeating: 136, count: 20) && Set(mixed.waits) == [31])
    }

    @Test func rawFieldsOfProbesAreRead() throws {
        let probes = [
            "fio-152   [001]    25.100: iomap_dio_rw: __probe_ip=ffffffffa534f640 iocb=0xffff9c755b427c00 pos=4096"
                + " complete=aio_complete_rw+0x0 ki_flags=0x860000 ino=12 dev=271581185 count=4096 dio_flags=0x0",
            "fio-152   [001]    25.300: iomap_dio_complete: __probe_ip=ffffffffa534f640 iocb=0xffff9c755b427c00",
            "fio-152   [001]    25.350: iomap_dio_complete__return: __probe_func=ffffffffa534f640"
                + " __probe_ret_ip=ffffffffa5350000 ret=4096",
        ]
        let read = try read(probes)
        #expect(read.latencies == [250_000] && read.ios.first?.issuer == .libaio && read.ios.first?.operation == .write)
    }

    @Test func bitsThatNoDirectIOHasSayNothingOfTheOperation() throws {
        let lines = [
            "fio-1234    [000] .....   590.130410: iomap_dio_rw_begin:    dev=271581185 ino=0x85 isize=0x1000000 pos=0x0"
                + " count=0x1000 done_before=0x0 ki_flags=0x1a0000 dio_flags=0x0 aio=1",
            "kworker/0:1-22    [000] .....   590.130440: iomap_dio_complete:    dev=271581185 ino=0x85 isize=0x1000000"
                + " pos=0x1000 ki_flags=0x1a0000 aio=1 error=0 ret=0x1000",
        ]
        #expect(try read(lines).ios.map(\.operation) == [.unknown] && read(lines).latencies == [30])
        let known = try read(lines.map { $0.replacing("0x1a0000", with: "0x820000") })
        #expect(known.ios.map(\.operation) == [.read])
    }

    private func refusal(_ bytes: [UInt8]) -> String {
        do {
            _ = try TraceInput(OpenFile(holding: bytes)) { _ in false }
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsNotReadIsRefusedByName() throws {
        let json = "{\"log\":\"a\"}\n{\"log\":\"b\"}\n"
        #expect(refusal(Array(json.utf8)).contains("is lines of JSON"))
        let script = "Attaching 2 probes...\n123 fio 45\n"
        #expect(refusal(Array(script.utf8)).contains("is output of a bpftrace script"))
        var tar = [UInt8](repeating: 0, count: 257) + Array("ustar".utf8)
        tar += [UInt8](repeating: 0, count: 250) + Array(Self.ftrace.joined(separator: "\n").utf8)
        #expect(refusal(tar).contains("is a tar archive"))
        let table = "number,cpu,event\n1,0,block_rq_issue\n"
        #expect(refusal(Array(table.utf8)).contains("line 2 has an event (block_rq_issue), but no thread"))
    }
}
