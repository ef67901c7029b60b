// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import Rendering
import Testing

struct IOListTests {
    static let name = "f\"i\\o\u{1}\u{1b}\u{7f}\n\u{202e}é"
    let list = IOList(
        rule: .defersWrites, threads: [100: ThreadName(thread: 100, process: 100, name: Self.name)])

    @Test func aLineHasEveryFactThatWasSeen() {
        var buffer: [UInt8] = []
        IOList(rule: .defersWrites).appendJSON(Recordings.io(3), to: &buffer)
        #expect(
            String(decoding: buffer, as: UTF8.self) == """
                {"submitted_ns":1060000,"completed_ns":1375300,"latency_ns":315300,"context":"kworker","end_io_context":"hardirq",\
                "issuer":"libaio","op":"write","error":0,"reason":"iomap-always-defers-writes",\
                "stages":[{"name":"submit","ns":11000},{"name":"device","ns":100300},{"name":"irq","ns":15000},\
                {"name":"hand_off","ns":1000},{"name":"queue_wait","ns":180000},{"name":"completion_work","ns":8000}],\
                "submit_cpu":1,"end_cpu":1,"worker_cpu":0,"completion_cpu":1,"irq":24,"submitter":100,\
                "dev":"259:1","inode":12,"offset":12288,"length":4096}

                """)
    }

    @Test func whatWasNotSeenHasNoKey() throws {
        let io = DirectIO(
            submitted: Timestamp(nanoseconds: 5), submitterThread: 1, device: DeviceNumber(major: 8, minor: 0),
            inode: 1, offset: .max, length: .max, operation: .read, issuer: .unknown)
        var buffer: [UInt8] = []
        list.appendJSON(io, to: &buffer)
        let json = try JSONReportTests.parse(buffer)
        #expect(
            Set(json.keys) == [
                "submitted_ns", "latency_ns", "context", "issuer", "op", "error", "stages", "submitter", "dev", "inode",
                "offset", "length",
            ])
        #expect((json["stages"] as? [Any])?.isEmpty == true)
        #expect(json["offset"] as? UInt64 == .max)
    }

    @Test func linesStreamIntoOneBufferAndNamesSurviveParsing() throws {
        var buffer: [UInt8] = []
        for index in 0..<23 { list.appendJSON(Recordings.io(UInt64(index)), to: &buffer) }
        let lines = buffer.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 23)
        for (index, line) in lines.enumerated() {
            #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
            let json = try JSONReportTests.parse(Array(line))
            #expect(json["comm"] as? String == Self.name)
            let life = AttributedLife(Recordings.io(UInt64(index)), rule: .defersWrites)
            #expect(json["latency_ns"] as? UInt64 == life.latency)
            let stages = try #require(json["stages"] as? [[String: Any]])
            #expect(stages.reduce(0) { $0 + ($1["ns"] as? UInt64 ?? 0) } == life.latency)
        }
    }

    @Test func theWaterfallShowsEachStageBelowAndRightOfTheOneBefore() {
        var buffer: [UInt8] = []
        list.appendText(Recordings.io(3), style: TextStyle(), to: &buffer)
        let lines = String(decoding: buffer, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("315us  write 4k  at 1060000ns  dev 259:1 inode 12"))
        #expect(lines.joined().contains("f\"i\\\\o\\x01\\x1b\\x7f\\x0a\\u{202e}\\u{e9}/100"))
        #expect(lines.allSatisfy { $0.count <= 80 })
        let bars = lines.filter { $0.contains("|") }.map { TextReportTests.bar(of: $0) }
        #expect(bars.count == 6)
        for (bar, next) in zip(bars, bars.dropFirst()) { #expect(bar.lowerBound <= next.lowerBound) }
    }
}
