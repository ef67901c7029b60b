// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import Report
import Testing

@testable import Rendering

struct IOListTests {
    static let name = "f\"i\\o\u{1}\u{1b}\u{7f}\n\u{202e}é"
    let list = IOList(threads: [100: ThreadName(thread: 100, process: 100, name: Self.name)])

    static func listed(_ io: DirectIO) -> ListedIO {
        var occupancies = OccupancyLog()
        return ListedIO(io, AttributedLife(io, rule: .defersWrites), &occupancies, SeenClocks(of: [io]))
    }

    @Test func aLineHasEveryFactThatWasSeen() {
        var buffer: [UInt8] = []
        IOList().appendJSON(Self.listed(Recordings.io(3)), to: &buffer)
        #expect(
            String(decoding: buffer, as: UTF8.self) == """
                {"submitted_ns":1060000,"issued_ns":1071000,"interrupted_ns":1171300,"ended_ns":1186300,\
                "work_queued_ns":1187300,"work_started_ns":1367300,"completed_ns":1375300,"latency_ns":315300,\
                "context":"kworker","reason":"iomap-always-defers-writes","end_io_context":"hardirq","op":"write",\
                "issuer":"libaio","dev":"259:1","inode":12,"offset":12288,"length":4096,"error":0,"submitter":100,\
                "worker":77,"submit_cpu":1,"end_cpu":1,"worker_cpu":0,"completion_cpu":1,"irq_number":24,"irq_batch_position":1,\
                "stages":[{"name":"submit","ns":11000},{"name":"device","ns":100300},{"name":"irq","ns":15000},\
                {"name":"hand_off","ns":1000},{"name":"queue_wait","ns":180000},{"name":"completion_work","ns":8000}]}

                """)
    }

    @Test func whatWasNotSeenHasNoKey() throws {
        let io = DirectIO(
            submitted: Timestamp(nanoseconds: 5), submitterThread: 1, device: DeviceNumber(major: 8, minor: 0),
            inode: 1, offset: .max, length: .max, operation: .read, issuer: .unknown)
        var buffer: [UInt8] = []
        list.appendJSON(Self.listed(io), to: &buffer)
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
        for index in 0..<23 { list.appendJSON(Self.listed(Recordings.io(UInt64(index))), to: &buffer) }
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
        list.appendWaterfall(Self.listed(Recordings.io(3)), style: TextStyle(), to: &buffer)
        let lines = String(decoding: buffer, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("315us  write 4k  at 0.001060s  259:1 inode 12 offset 12288"))
        #expect(lines.joined().contains("f\"i\\\\o\\x01\\x1b\\x7f\\x0a\\u{202e}é/100"))
        #expect(lines.allSatisfy { $0.count <= 80 })
        let bars = lines.filter { $0.contains("|") }.map { TextReportTests.bar(of: $0) }
        #expect(bars.count == 6)
        for (bar, next) in zip(bars, bars.dropFirst()) { #expect(bar.lowerBound <= next.lowerBound) }
    }

    @Test func whatRanDuringAWaitIsBelowIt() throws {
        var (io, occupancies) = (Recordings.io(3), OccupancyLog())
        io.queueWaitOccupants[.submitter] = 100_000
        io.queueWaitOccupants[.otherTask] = 50_000
        let queued = try #require(io.workQueued?.nanoseconds)
        occupancies.add(
            CPUOccupancy(
                cpu: 0, occupant: .otherTask, thread: 3, from: Timestamp(nanoseconds: queued),
                until: Timestamp(nanoseconds: queued + 30_000), name: "h\u{1b}g"))
        let listed = ListedIO(io, AttributedLife(io, rule: .defersWrites), &occupancies, SeenClocks(of: [io]))
        var buffer: [UInt8] = []
        list.appendWaterfall(listed, style: TextStyle(), to: &buffer)
        let lines = String(decoding: buffer, as: UTF8.self).split(separator: "\n").map(String.init)
        let wait = try #require(lines.firstIndex { $0.contains("queue_work -> start") })
        #expect(lines[wait + 2].contains("     . h\\x1bg") && lines[wait + 2].hasSuffix("30.0us"))
        #expect(lines[wait + 3].contains("     . unattributed") && lines[wait + 4].contains("     . other tasks"))
        let bars = lines[wait...(wait + 4)].map { TextReportTests.bar(of: $0) }
        #expect(bars[1].lowerBound == bars[0].lowerBound && bars[4].upperBound == bars[0].upperBound)
        #expect(lines.allSatisfy { $0.count <= 80 })

        buffer = []
        list.appendJSON(listed, to: &buffer)
        let causes = try #require(try JSONReportTests.parse(buffer)["queue_wait_causes"] as? [[String: Any]])
        #expect(causes.reduce(0) { $0 + ($1["ns"] as? Int ?? 0) } == 180_000)
        #expect(causes[1]["name"] as? String == "h\u{1b}g" && causes[0]["name"] == nil)
    }

    @Test func whatTheDeviceIsMadeOfIsBelowIt() throws {
        var io = Recordings.io(3)
        let (issued, end) = (io.times[.issued], io.times[.interrupted])
        var crypt = LayerPassage(device: DeviceNumber(major: 253, minor: 0))
        var disk = LayerPassage(device: DeviceNumber(major: 259, minor: 1))
        (crypt.entered, disk.entered) = (issued, issued + 10_000)
        (disk.issued, disk.done) = (issued + 15_000, end - 2_000)
        io.path = LayerPath(layers: [crypt, disk])
        var source = Recordings.source
        source.devices = [
            DeviceName(
                device: crypt.device, name: "dm-0", fileSystem: nil, mountPoint: nil, layer: "dm-\u{1b}crypt",
                isStacked: true),
            DeviceName(device: disk.device, name: "nvme0n1", fileSystem: nil, mountPoint: nil),
        ]
        func lines(_ io: DirectIO) -> [String] {
            var buffer: [UInt8] = []
            IOList(source: source).appendWaterfall(Self.listed(io), style: TextStyle(), to: &buffer)
            return String(decoding: buffer, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        let all = lines(io)
        let device = try #require(all.firstIndex { $0.contains(" device ") })
        let rows = all[(device + 1)...].prefix { $0.hasPrefix("     . ") }
        let labels = rows.map { $0.prefix { $0 != "|" }.split(separator: " ").dropFirst().joined(separator: " ") }
        #expect(labels == ["dm-\\x1bcrypt", "nvme0n1 to issue", "nvme0n1", "dm-\\x1bcrypt back"])
        #expect(rows.first?.hasSuffix("10.0us") == true && rows.last?.hasSuffix("2.00us") == true)

        // Where it went on is not known.
        io.path = LayerPath(layers: [crypt])
        #expect(lines(io).contains { $0.contains("dm-\\x1 not followed") })
        io.path = LayerPath(layers: [disk])
        #expect(!lines(io).contains { $0.contains("nvme0n1") && $0.contains("|") })
    }

    @Test func aWaitWithoutClocksIsUnattributedWhereOthersHaveThem() throws {
        var (seen, occupancies) = (Recordings.io(3), OccupancyLog())
        seen.queueWaitOccupants[.idle] = 1
        let io = Recordings.io(3)
        var buffer: [UInt8] = []
        let life = AttributedLife(io, rule: .defersWrites)
        list.appendJSON(ListedIO(io, life, &occupancies, SeenClocks(of: [io, seen])), to: &buffer)
        let causes = try #require(try JSONReportTests.parse(buffer)["queue_wait_causes"] as? [[String: Any]])
        #expect(causes.count == 1 && causes[0]["cause"] as? String == "unattributed")
        #expect(causes[0]["ns"] as? UInt64 == life.wait(.queueWait, of: io)?.nanoseconds)

        buffer = []
        list.appendJSON(ListedIO(io, life, &occupancies, SeenClocks(of: [io])), to: &buffer)
        #expect(try JSONReportTests.parse(buffer)["queue_wait_causes"] == nil)
    }

    @Test func theTableHasALineForEachIO() {
        var source = Recordings.source
        (source.startedMonotonic, source.started) = (1_000_000, 1_769_903_999_000_000_000)
        source.files = [FileName(device: DeviceNumber(major: 259, minor: 1), inode: 12, path: "/mnt/job.0.0")]
        let list = IOList(threads: [100: ThreadName(thread: 100, process: 100, name: "fio")], source: source)
        for width in [40, 60, 80, 90, 132, 200] {
            var buffer: [UInt8] = []
            let style = TextStyle(width: width)
            list.appendHeading(style: style, to: &buffer)
            for index in [UInt64(0), 1, 3] {
                list.appendRow(Self.listed(Recordings.io(index)), style: style, to: &buffer)
            }
            let lines = String(decoding: buffer, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(lines.count == 4 && lines.allSatisfy { $0.count <= width && $0.last != " " })
            #expect(lines[0].contains("latency") && lines[0].contains("context"))
            #expect(lines[0].contains("why deferred") == (width >= 132))
            #expect(lines[3].contains("job.0.0@12288") == (width >= 80))
            guard width >= 132 else { continue }
            #expect(
                lines[3]
                    == "  +0.000060   315us      180us write 4k   kworker   fio/100      job.0.0@12288"
                    + "            1/1/0    iomap-always-defers-writes")
        }
    }

    @Test func timesAreSinceTheStartAndByTheClock() {
        let times = IOTimes(startedMonotonic: 5_000_000_000, startedWall: 1_769_903_999_000_000_000)
        #expect(times.long(Timestamp(nanoseconds: 8_214_567_891)) == "at +3.214567s, 00:00:02.214567Z")
        #expect(times.short(Timestamp(nanoseconds: 4_999_999_000)) == "-0.000001")
        #expect(IOTimes().long(Timestamp(nanoseconds: 1)) == "at 0.000000s")
    }
}
