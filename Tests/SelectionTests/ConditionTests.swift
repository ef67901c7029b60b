// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import TestSupport
import Testing

@testable import Selection

struct ConditionTests {
    /// A write of 4 KiB that waited 100 us of its 160 us for a kworker.
    static let io: DirectIO = {
        var io = Life.make(
            complete: .kworker,
            times: [
                (\.issued, 10_000), (\.interrupted, 50_000), (\.ended, 51_000), (\.workQueued, 52_000),
                (\.workStarted, 152_000), (\.completed, 160_000),
            ])
        (io.workerCPU, io.submitCPU, io.error) = (2, 1, -5)
        return io
    }()

    static let names = RecordedNames(
        threads: [100: ThreadName(thread: 100, process: 1, name: "fio job 1")],
        devices: [
            DeviceName(
                device: DeviceNumber(major: 259, minor: 1), name: "nvme0n1", fileSystem: nil, mountPoint: nil,
                mapped: "vg-root")
        ])

    static let fields = IOField.all.map(\.name)

    static func holds(_ text: String, _ io: DirectIO = io, _ names: RecordedNames = names) throws -> Bool {
        let life = AttributedLife(io, rule: .defersWrites)
        return try IOSelection(parsing: text).contains(Subject(io, life, names))
    }

    @Test(arguments: [
        "latency=160us", "latency>159.999us", "latency >= 160000ns", "latency<1ms", "latency!=0", "latency<=0.16ms",
        "queue_wait=100us", "queue_wait>50us and context=kworker", "device=40us", "submit==10us",
        "context=kworker", "context != hardirq", "end_io_context=hardirq", "reason=iomap-always-defers-writes",
        "issuer=libaio", "op=write", "length=4k", "length=4096", "length<0.5M", "offset=4k", "dev=259:1", "dev=nvme0n1",
        "inode=12", "submitter=100", "comm='fio job 1'", "comm=\"fio job 1\"", "error=-5", "error<0", "worker_cpu=2",
        "submit_cpu=1 and worker_cpu=2", "end_cpu=none", "irq_number=none", "queue_wait!=none", "task_work_wait=none",
        "not op=read", "!op=read", "not (op=read or op=write and latency>1s)", "op=read or latency>1us",
        "op=read and op=read or op=write", "op=write && (length=1 || length=4k)", "((((op=write))))", "submitted>0",
        "completed<10s",
        "submit..device=none", "task_work_run=none",
        "completion_cpu=none and dev!=sda", "not not op=write", "inline_completion=none",
    ])
    func whatHolds(text: String) throws {
        #expect(try Self.holds(text))
        #expect(try !Self.holds("not (\(text))"))
    }

    @Test(arguments: [
        "op=write and (length=1 or length=2)", "end_cpu=1", "end_cpu!=1", "irq_number>0", "inline_completion<1s",
        "latency=none", "dev=8:0", "op=write and op=read or op=read", "error>=0",
    ])
    func whatDoesNot(text: String) throws {
        #expect(try !Self.holds(text))
    }

    @Test func whatHasNoNameSatisfiesNoComparisonWithOne() throws {
        let nobody = RecordedNames()
        #expect(try !Self.holds("comm=fio", Self.io, nobody))
        #expect(try !Self.holds("comm!=fio", Self.io, nobody))
        #expect(try Self.holds("comm=none", Self.io, nobody))
        #expect(try !Self.holds("dev!=sda", Self.io, nobody))
        #expect(try IOSelection(parsing: "op=write and not comm=fio").needsNames)
        #expect(try IOSelection(parsing: "dev=sda").needsNames)
        #expect(try !IOSelection(parsing: "dev=8:0 or op=write").needsNames)
    }

    /// A file by its path, by its last part, and where no path is known as a list shows it.
    @Test func filesAndLayers() throws {
        let device = DeviceNumber(major: 259, minor: 1)
        let files = [FileName(device: device, inode: 12, path: "/data/größe.db")]
        let known = RecordedNames(threads: [:], devices: Self.names.devices, files: files)
        for text in [
            "file='/data/größe.db'", "file=größe.db", "file!=12", "file!=none", "layer=nvme0n1", "layer=259:1",
            "layer=/dev/nvme0n1", "layer=vg-root", "dev=/dev/mapper/vg-root", "dev!=/dev/sda",
        ] {
            #expect(try Self.holds(text, Self.io, known), "\(text)")
        }
        for text in [
            "file=none", "file='nvme0n1:12'", "file=259:1:12", "layer=sda", "layer=8:0", "dev=/dev/mapper/nvme0n1",
            "dev!=vg-root", "composed>=0",
        ] {
            #expect(try !Self.holds(text, Self.io, known), "\(text)")
        }
        for text in ["file=none", "file='nvme0n1:12'", "file=259:1:12", "composed=none"] {
            #expect(try Self.holds(text), "\(text)")
        }
        #expect(try IOSelection(parsing: "file=a").needsNames && IOSelection(parsing: "layer=8:0").needsNames)
    }

    /// Submitted 1.5 s and 250 ns after the recording began, at noon and half a second.
    @Test func timesAsListsShowThem() throws {
        let noon: Int64 = 1_795_867_200_500_000_000
        var io = Self.io
        io.submitted = Timestamp(nanoseconds: 7_000_000_000)
        let names = RecordedNames(start: .init(monotonic: 7_000_000_000 - 1_500_000_250, wall: noon))
        for text in [
            "submitted=+1.500000", "submitted=+1.500000s", "submitted=+1.5s", "submitted>+1.4s", "submitted<+1.6",
            "submitted>=+1.5", "submitted>+1499ms", "submitted=12:00:02.000000Z", "submitted>12:00:01.9Z",
            "submitted>2026-11-28T12:00:01Z", "submitted!=+1.500001", "not submitted>+2s",
        ] {
            #expect(try Self.holds(text, io, names), "\(text)")
            #expect(try IOSelection(parsing: text).needsStart, "\(text)")
        }
        #expect(try !Self.holds("submitted=+1.500001", io, names))
        for text in ["+1500000001ns", "+1500001us"] { #expect(try !Self.holds("submitted=\(text)", io, names)) }
        #expect(try !Self.holds("submitted<+1.5", io, names))
        // Without a begin it is neither before nor after.
        #expect(try !Self.holds("submitted>+1s") && !Self.holds("submitted<+9s"))
        #expect(try !IOSelection(parsing: "submitted>12345.678901").needsStart)
        #expect(throws: SelectionError.self) { try IOSelection(parsing: "submitted>+soon") }
    }

    @Test func everyFieldHasItsName() {
        for name in Self.fields { #expect(IOField(name: name)?.name == name) }
        #expect(Set(Self.fields).count == Self.fields.count)
        #expect(Set(IOField.all.map(\.key)).count == Self.fields.count)
    }

    @Test(arguments: [
        ("", 1, "comparison like latency>1ms is expected, not the end"), ("   ", 4, "not the end"),
        ("latancy>1ms", 1, "unknown field 'latancy'; did you mean 'latency'?"),
        ("size>4k", 1, "did you mean 'length'?"), ("tid=1", 1, "did you mean 'submitter'?"),
        ("end_context=task", 1, "did you mean 'end_io_context'?"), ("latency_ns>1ms", 1, "mean 'latency'?"),
        ("irq_and_hand_off>1ms", 1, "mean 'irq..hand_off'?"), ("nonsense>1ms", 1, "--help names them"),
        ("device..submit>1ms", 1, "unknown field"), ("submitted<soon", 11, "is no time"),
        ("latency", 8, "latency must be compared"),
        ("latency>", 9, "a value for latency is expected, not the end"), ("latency>1", 9, "'1' is no duration"),
        ("latency>1x", 9, "like 250us, 1.5ms or 2h"), ("latency>1h30", 9, "no duration"),
        ("latency>1.2.3ms", 9, "no duration"),
        ("latency>ms", 9, "no duration"),
        ("latency>-1ms", 9, "no duration"), ("latency>.5ms", 9, "no duration"),
        ("latency>\(String(repeating: "9", count: 40))s", 9, "no duration"),
        ("irq=24", 5, "the number is irq_number"), ("device=259:1", 8, "the device number is dev"),
        ("context=kworkers", 9, "hardirq, softirq, kworker"),
        ("context>kworker", 8, "only be compared by = and !="), ("dev>8:0", 4, "only be compared"),
        ("irq<none", 5, "only be compared"), ("inode=abc", 7, "no whole number"), ("length=4x", 8, "no size"),
        ("inode=\(String(repeating: "9", count: 99))", 7, "no whole number"),
        ("op=write op=read", 10, "'and', 'or' or the end is expected, not 'op'"), ("op=write)", 9, "not ')'"),
        ("(op=write", 10, "')' is expected for the '(' in column 1"), ("op=write and", 13, "not the end"),
        ("op=write and and op=read", 14, "not 'and'"), ("comm='fio", 6, "has no end"), ("op=write; rm", 9, "';' means"),
        ("'latency'>1ms", 1, "not 'latency'"), ("=1", 1, "not '='"), ("op=write or or", 13, "not 'or'"),
        ("op\u{1b}[31m=write", 3, "means nothing"), ("not", 4, "not the end"), ("op=(", 4, "a value for op"),
    ])
    func errorsPointToTheColumn(text: String, column: Int, part: String) throws {
        let error = try #require(throws: SelectionError.self) { try IOSelection(parsing: text) }
        #expect(error.column == column, "\(error)")
        #expect(error.problem.contains(part), "\(error)")
        #expect(!error.problem.contains("\n"))
    }

    @Test func nothingIsTooLongOrTooDeep() throws {
        let deep = String(repeating: "(", count: 64) + "op=write" + String(repeating: ")", count: 64)
        #expect(try Self.holds(deep))
        for text in [
            "(" + deep + ")", String(repeating: "not ", count: 1000) + "op=write", String(repeating: "(", count: 4096),
        ] {
            let error = try #require(throws: SelectionError.self) { try IOSelection(parsing: text) }
            #expect(error.problem.contains("nested deeper"))
        }
        let long = String(repeating: "op=read or ", count: 300) + "op=write"
        #expect(try Self.holds(long))
        let longer = try #require(throws: SelectionError.self) {
            try IOSelection(parsing: String(repeating: "op=read or ", count: 1_000_000))
        }
        #expect(longer.column == 4097)
    }

    @Test func noInputTraps() {
        var random = SeededGenerator(seed: 41)
        let pieces =
            Self.fields + [
                "=", "!=", "<", ">=", "(", ")", "and", "or", "not", "!", "&&", " ", "'", "\"", "1ms", "4k", "none",
                "write", "-",
                ".", "9999999999999999999999", "0.000000000000000001s", "é", "\u{202e}", "\0", "259:1", ":", "١ms",
            ]
        var parsed = 0
        for _ in 0..<10_000 {
            var text = (0..<Int.random(in: 0...9, using: &random))
                .map { _ in pieces[Int.random(in: pieces.indices, using: &random)] }.joined()
            if Bool.random(using: &random) {
                func pick(_ list: [String]) -> String { list[Int.random(in: list.indices, using: &random)] }
                text = pick(Self.fields) + pick(["=", "<", "!="]) + pick(["1ms", "4k", "12", "none", "write", text])
            }
            do {
                _ = try Self.holds(text)
                parsed += 1
            } catch let error as SelectionError {
                #expect(error.column >= 1 && error.column <= text.unicodeScalars.count + 1)
            } catch {
                Issue.record(error)
            }
        }
        #expect(parsed > 500)
    }
}
