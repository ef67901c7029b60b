// SPDX-License-Identifier: GPL-2.0-only

import CZlib
import CZstd
import Testing

@testable import KernelTraces

/// What a file is, by its content.
@Suite struct TraceInputTests {
    private func input(_ bytes: [UInt8]) throws -> TraceInput {
        try TraceInput(OpenFile(holding: bytes)) { $0.starts(with: [0x89, 1]) }
    }

    private let line = "             fio-211     [001] d.h1.    33.853631: irq_handler_entry: irq=29 name=x\n"

    @Test func texts() throws {
        guard case .text(.ftrace, _, _) = try input(Array(line.utf8)).content else { return #expect(Bool(false)) }
        let perf = "             fio  3691 [001]  1692.446769612: irq:irq_handler_entry: irq=29 name=x\n"
        guard case .text(.perf, _, _) = try input(Array(perf.utf8)).content else { return #expect(Bool(false)) }
        guard case .capture = try input([0x89, 1, 2, 3, 4]).content else { return #expect(Bool(false)) }
        guard case .traceDat = try input(TraceDatBytes().bytes).content else { return #expect(Bool(false)) }
    }

    @Test func packedByZstdAndCut() throws {
        let text = Array(String(repeating: line, count: 20_000).utf8)
        var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(text.count))
        packed.removeLast(packed.count - ZSTD_compress(&packed, packed.count, text, text.count, 3))
        #expect(try summary(packed).events == 20_000)
        let cut = try summary(Array(packed.prefix(packed.count - 5)))
        #expect(!cut.isComplete && cut.damage.first?.problem.contains("zstd stream ends") == true)
    }

    private func summary(_ bytes: [UInt8]) throws -> TraceContents {
        guard case .text(let format, let stream, let prefix) = try input(bytes).content else { return TraceContents() }
        return try TextReader(format, stream, prefix: prefix).read { _ in }
    }

    @Test(
        arguments: [
            ([], "is empty"), (Array("PERFILE2xxxxxxxx".utf8), "perf script"),
            (Array("hello\nworld\n".utf8), "is not a capture"),
            ([0x07, 0x74, 0x61, 0x65, 0, 0, 0, 0], "blktrace"),
            (Array("TIME(s) COMM PID DISK T SECTOR BYTES LAT(ms)\n".utf8), "output of biosnoop"),
            (Array("{\"type\": \"attached_probes\", \"data\": {\"probes\": 2}}\n".utf8), "JSON of bpftrace"),
            (Array("     aio   640   12.345678: block:block_rq_issue: 8,0 W 4096 ()\n".utf8), "-F comm,pid,tid,cpu"),
            (Array("     aio   640 [000]   12.345678: 8,0 W 4096 () 8 + 8\n".utf8), "lack the event"),
            (Array("{\n\t\"linux-perf-json-version\": 1,\n".utf8), "JSON of perf data convert"),
            ([0x1f, 0x8b, 8, 0], "gzip"), ([0x28, 0xb5, 0x2f, 0xfd, 9], "zstd"),
        ] as [([UInt8], String)])
    func whatIsNone(bytes: [UInt8], said: String) throws {
        let error = try #require(throws: TraceError.self) { try input(bytes) }
        #expect(error.description.contains(said))
    }

    @Test(
        arguments: [
            ("COMM             PID    TYPE DEV      BLOCK        BYTES     LATms\n", "output of iosnoop"),
            ("     0.154 dd/77 iomap:iomap_dio_complete(dev: 8388608, ino: 12)\n", "output of perf trace"),
            ("==================== All Devices ====================\n\n    ALL   MIN   AVG\n", "output of btt"),
            ("[09:10:11.000000001] (+0.000000400) box block_rq_issue: { cpu_id = 3 }, { dev = 8 }\n", "LTTng"),
            ("77 09:10:11.000001 pwrite64(3, \"\"..., 512, 0) = 512 <0.000090>\n", "output of strace"),
            ("fio-3.33\nStarting 1 thread\n", "output of fio"),
            ("{\n  \"fio version\" : \"fio-3.39\",\n  \"jobs\" : []\n}\n", "output of fio"),
            ("{\"traceEvents\":[{\"name\":\"x\"}]}\n", "trace events"),
            ("     fio-1234    [000] .....  +0.000000: iomap_dio_rw_queued: dev 8:0\n", "has an event"),
            ("BZh91AY&SY", "bzip2"), ("PK\u{3}\u{4}rest", "a zip archive"),
        ])
    func whatAnotherToolWroteIsCalledByItsName(text: String, said: String) throws {
        let error = try #require(throws: TraceError.self) { try input(Array(text.utf8)) }
        #expect(error.description.contains(said))
    }

    @Test func aCutLineAndANulAreNoEvents() throws {
        let summary = try summary(Array((line + "             fio-211     [001\n" + "\0\0\0\n").utf8))
        #expect(summary.events == 1 && summary.unparsed == 2)
    }
}
