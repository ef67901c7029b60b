// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import KernelTraces

/// What a text has twice is read once.
@Suite struct RepeatedTextTests {
    /// 100 us apart, on two CPUs in turn: so that most go on for longer than what is put in order.
    private func line(_ number: Int, _ event: String = "irq_handler_entry: irq=29 name=x") -> String {
        let time = 1_000_000_000 + number * 100
        let fraction = String(repeating: "0", count: 6 - String(time % 1_000_000).count) + String(time % 1_000_000)
        return "             fio-211     [00\(number % 2)] d.h1.  \(time / 1_000_000).\(fraction): \(event)\n"
    }

    private func lines(_ numbers: Range<Int>) -> String { numbers.map { line($0) }.joined() }

    private func read(_ text: String) throws -> (times: [UInt64], summary: TraceContents) {
        var times: [UInt64] = []
        let bytes = Array(text.utf8)
        let summary = try TextReader(.ftrace, MemoryStream(bytes), prefix: Array(bytes.prefix(1 << 16))).read {
            times.append($0.time)
        }
        return (times, summary)
    }

    private func quoted(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "> \($0)" }
            .joined(separator: "\n")
    }

    private func expect(_ text: String, isReadAs once: String, repeated: UInt64, lossless: Bool = true) throws {
        let (expected, read) = (try read(once), try read(text))
        #expect(read.times == expected.times && read.summary.events == expected.summary.events)
        #expect(read.summary.repeatedEvents == repeated)
        #expect(!read.summary.loss.contains { $0.severity == .loss } == lossless)
    }

    @Test func aTraceAndItsQuotation() throws {
        // Far longer than 100 ms.
        let text = lines(0..<5000)
        try expect(text + "\nAs you see:\n" + quoted(text), isReadAs: text, repeated: 5000)
        try expect(quoted(text) + text + text, isReadAs: text, repeated: 10_000)
    }

    @Test func aPartOfItIsQuotedAgain() throws {
        let text = lines(0..<5000)
        try expect(text + quoted(lines(4000..<4010)) + quoted(lines(20..<22)), isReadAs: text, repeated: 12)
    }

    @Test func eachCPUAndThenAll() throws {
        let text = lines(0..<3000)
        let both = text.split(separator: "\n")
        func cpu(_ number: Int) -> String {
            both.filter { $0.contains("[00\(number)]") }.map { "per_cpu/cpu\(number)/trace:\($0)\n" }.joined()
        }
        let all = both.map { "trace:\($0)\n" }.joined()
        try expect(cpu(0) + cpu(1) + all, isReadAs: text, repeated: 3000)
    }

    @Test(arguments: [2, 3]) func eachLineSeveralTimes(times: Int) throws {
        // Two alike that are not repeated, too: a bio ended right after another.
        let function = line(7, "iomap_dio_bio_end_io <-bio_endio")
        let text = lines(0..<7) + function + function + lines(8..<300)
        let doubled = text.split(separator: "\n").flatMap { Array(repeating: "\($0)\n", count: times) }.joined()
        try expect(doubled, isReadAs: text, repeated: UInt64(301 * (times - 1)))
        #expect(try read(text).times.count == 301)
    }

    @Test func oneEventOfAFewLines() throws {
        // On two CPUs, so that no CPU's clock goes back.
        let text = line(0) + line(1)
        try expect(text + quoted(text), isReadAs: text, repeated: 2)
    }

    @Test func aLongTextTwice() throws {
        // More than what is known line by line, and than what is put in order as a whole.
        let text = lines(0..<135_000)
        try expect(text + text + lines(135_000..<135_100), isReadAs: text + lines(135_000..<135_100), repeated: 135_000)
    }

    @Test func anotherBootIsNoRepetition() throws {
        let other = (0..<3000).map { line($0, "irq_handler_entry: irq=30 name=y") }.joined()
        let read = try read(lines(0..<3000) + other)
        #expect(read.summary.repeatedEvents == 0 && read.summary.events == 6000)
        #expect(read.summary.loss.contains { $0.what == "trace-backward-times" })
    }

    @Test func proseAtTheEndNeedsNoNewline() throws {
        let text = lines(0..<10)
        #expect(try read(text + "\nThanks,\nBob").summary.isComplete)
        #expect(try read(text + "\n-- \nBob").summary.isComplete)
        #expect(try !read(text + "             fio-211     [00").summary.isComplete)
        #expect(try !read(text + "\n             fio-21").summary.isComplete)
    }
}

/// Texts that were broken into lines of a width.
@Suite struct FoldedTextTests {
    private let begin =
        "             fio-211     [001] .....    10.000000: iomap_dio_rw_begin: dev 259:1 ino 0xc size 0x1000000 offset"
        + " 0x1000 length 0x1000 done_before 0x0 flags DIRECT|WRITE|AIO_RW dio_flags  aio 1"
    private let completion =
        "     kworker/1:1-46      [001] .....    10.000205: iomap_dio_complete: dev 259:1 ino 0xc size 0x1000000 offset"
        + " 0x2000 flags DIRECT|WRITE|AIO_RW aio 1 error 0 ret 4096"

    private func folded(_ line: String, _ width: Int, mark: String = "") -> String {
        var (rest, pieces): (Substring, [String]) = (line[...], [])
        while !rest.isEmpty {
            pieces.append(mark + rest.prefix(width) + "\n")
            rest = rest.dropFirst(width)
        }
        return pieces.joined()
    }

    private func bodies(_ text: String) throws -> (begins: [UInt64], ends: [UInt64], unparsed: UInt64) {
        let bytes = Array(text.utf8)
        var (begins, ends): ([UInt64], [UInt64]) = ([], [])
        let summary = try TextReader(.ftrace, MemoryStream(bytes), prefix: bytes).read { event in
            switch event.body {
            case .dioBegin(let begin): begins.append(begin.position)
            case .dioComplete(let complete): ends.append(complete.position)
            default: break
            }
        }
        return (begins, ends, summary.unparsed)
    }

    @Test(arguments: 58..<180) func atAnyColumn(width: Int) throws {
        for mark in ["", "> "] {
            let text = [
                begin, completion, begin.replacing("10.000", with: "11.000"),
                completion.replacing("10.000", with: "11.000"),
            ].map { folded($0, width, mark: mark) }.joined()
            let read = try bodies(text)
            #expect(read.begins == [0x1000, 0x1000] && read.ends == [0x2000, 0x2000], "\(width) \(mark)")
            #expect(read.unparsed == 0, "\(width) \(mark)")
        }
    }

    @Test func proseBelowIsNoPartOfIt() throws {
        let read = try bodies(folded(begin, 80) + folded(completion, 80) + "That is all.\n")
        #expect(read.begins == [0x1000] && read.ends == [0x2000] && read.unparsed == 0)
    }
}
