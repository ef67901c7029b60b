// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import Input
@testable import KernelTraces

/// A trace that is decoded ahead is the same trace.
struct ReadAheadTests {
    private struct Refusal: Error {}

    /// Events with the number `n` as time, name and argument; every eighth argument is never used.
    private final class Numbered: TraceReader {
        let description = TraceDescription(kind: "numbers")
        let names = NameTable()
        let calls = ProbeCalls(latest: 16)
        var stop: ReadingStop?
        let count: Int
        let failure: TraceError?
        private(set) var given = 0

        init(_ count: Int, failure: TraceError? = nil) {
            self.count = count
            self.failure = failure
        }

        func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceContents {
            for number in 0..<count {
                var arguments = ProbeArguments()
                arguments[.position] = UInt64(number)
                if number % 8 == 0 { _ = calls.add(ProbeArguments()) }
                given += 1
                try each(
                    KernelEvent(
                        time: UInt64(number), cpu: 0, context: nil, thread: 0, name: names.intern("n\(number)"),
                        body: .function(.begin, calls.add(arguments))))
            }
            if let failure { throw failure }
            var contents = TraceContents()
            contents.events = UInt64(count)
            return contents
        }
    }

    /// Whether all an event says is of this number; only so many names are kept.
    private func isWhole(_ event: borrowing KernelEvent, _ number: Int, _ reader: ReadAhead) -> Bool {
        guard case .function(.begin, let call) = event.body, event.time == UInt64(number) else { return false }
        let name = reader.names.name(event.name)
        let expected = number < 65_535 ? "n\(number)" : ""
        return reader.calls[call][.position] == UInt64(number) && name == expected
    }

    @Test(arguments: [0, 1, 1023, 1024, 1025, 4096, 4097, 100_000])
    func orderNamesAndArgumentsAreKept(count: Int) throws {
        let reader = ReadAhead(Numbered(count))
        var taken = 0
        let contents = try reader.read { event in
            // The other thread gets as far ahead as it can.
            if taken % 5000 == 0 { usleep(2000) }
            if !isWhole(event, taken, reader) { Issue.record("event \(taken)") }
            taken += 1
        }
        #expect(taken == count)
        #expect(contents.events == UInt64(count))
    }

    @Test(arguments: [0, 3000, 70_000])
    func readersErrorComesAfterItsEvents(count: Int) {
        let failure = TraceError.cannotRead("numbers", errno: EIO)
        var taken = 0
        #expect(throws: failure) { try ReadAhead(Numbered(count, failure: failure)).read { _ in taken += 1 } }
        #expect(taken == count)
    }

    @Test(arguments: [1, 2000, 20_000])
    func refusalStopsTheReader(at last: Int) {
        let numbered = Numbered(10_000_000, failure: .empty("numbers"))
        var taken = 0
        #expect(throws: Refusal.self) {
            try ReadAhead(numbered).read { _ in
                taken += 1
                if taken == last { throw Refusal() }
            }
        }
        #expect(taken == last)
        #expect(numbered.given <= last + 5 * 1024)
    }
}
