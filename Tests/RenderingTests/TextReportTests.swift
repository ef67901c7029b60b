// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report
import Testing

@testable import Rendering

struct TextReportTests {
    @Test func aWholeReportInEightyColumns() {
        #expect(TextReport(Recordings.report()).text == Self.golden)
    }

    static let golden = """
        DIO write 4k  ext4 nvme0n1  libaio  8.9 in flight
         120 I/Os  99.2% complete  mean 197us  p50 138us  p99 327us  max 327us
         44,999 IOPS  184 MB/s  over 2.67ms
         dioscope capture  kernel 6.1.0-50-cloud-amd64  x86_64  2 CPUs
         all I/Os               |0         100us     |   mean  share  I/Os    p50    p99
         T submit               |#                   | 11.0us   5.6%  100% 11.0us 11.0us
         - device               | ###########        |  106us  53.8%  100%  106us  112us
         H irq -> end_io        |            #       | 15.0us   7.6%  100% 15.0us 15.0us
         H end_io -> queue_work |             #      |  333ns   0.2%   33% 1.00us 1.00us
         W queue_work -> start  |             ###### | 58.5us  29.7%   33%  180us  180us
         W queue..work          |                   #| 1.57us   0.8%    1%  188us  188us
         W iomap_dio_complete   |                   #| 2.60us   1.3%   33% 8.00us 8.00us
         H inline completion    |                   #| 2.00us   1.0%   67% 3.00us 3.00us
         slowest 3%     >= 326us   submit 3%   device 34%   irq 5%   hand_off <1%
                        queue_wait 55%   completion_work 2%
         completed in   hardirq 66.7%   kworker 33.3%
         why deferred   iomap-always-defers-writes 100.0% (avoidable)
         CPU sharing    submit, end_io and kworker on one CPU 50.0%
                        end_io and kworker only 0%   kworker elsewhere 50.0%
                        submitter preempted 0%
         CPUs             submit  end_io kworker          I/Os    share     mean
         submit + end_io       1       1       -            80    66.7%    135us
         all one CPU           1       1       1            20    16.7%    321us
         worker apart          1       1       0            20    16.7%    321us
         quality        99.2% of I/Os complete   no work_started 0.8%
                        not probed: task_work_run
         VERDICT        33.3% of I/Os are completed in a kworker, for which they wait
                        180us on average (29.7% of all latency). 66.7% of I/Os are
                        completed inline in the hardirq; an inline completion takes
                        3.00us on average
         Latency is from iomap_dio_rw_begin to iomap_dio_complete. fio's clat begins
         when the submitting call returns and ends when fio reaps the I/O; its lat
         begins before the call and covers both.

        """

    @Test func linesFitAndHaveNeitherTabsNorTrailingSpaces() {
        var source = Recordings.source
        source.host = String(repeating: "long-host-name.", count: 30)
        let reports = [
            Recordings.report(), Recordings.report(ios: 0), Recordings.report(ios: 1),
            Recordings.report(loss: [Recordings.ringFull], source: source),
        ]
        for report in reports {
            for width in [0, 40, 47, 60, 72, 80, 81, 100, 133, 200, 500] {
                let style = TextStyle(width: width)
                for line in TextReport(report, style: style).lines {
                    #expect(line.count <= min(max(width, 40), 200), "\(line)")
                    #expect(!line.isEmpty && line.last != " " && !line.contains("\t"))
                    #expect(line.unicodeScalars.allSatisfy { (0x20..<0x7f).contains($0.value) })
                }
            }
        }
    }

    @Test func aReportWithoutIOsSaysSo() {
        let lines = TextReport(Recordings.report(ios: 0, loss: [Recordings.ringFull])).lines
        #expect(lines.first == "DIO: no I/Os")
        #expect(lines.contains(" no verdict:    no I/O was recorded"))
        #expect(lines.contains(" loss           ring-full 12"))
    }

    @Test func qualityComesBeforeTheVerdictAndLossRefusesIt() throws {
        let lines = TextReport(Recordings.report(loss: [Recordings.ringFull])).lines
        let quality = try #require(lines.firstIndex { $0.hasPrefix(" quality") })
        let verdict = try #require(lines.firstIndex { $0.hasPrefix(" no verdict:") })
        #expect(quality < verdict)
        #expect(lines[verdict].contains("data was lost: ring-full 12"))
        #expect(lines.contains("  !!!           ring-full: records did not fit into the ring; make it larger"))
        #expect(!lines.contains { $0.contains("VERDICT") })
    }

    @Test func untrustedNamesCannotReachTheTerminal() {
        var source = Recordings.source
        source.host = "box\u{1b}[2J\u{202e}evil\n"
        source.devices[0].name = "nvme\u{7}é"
        let text = TextReport(Recordings.report(source: source)).text
        #expect(text.contains("host box\\x1b[2J\\u{202e}evil\\x0a"))
        #expect(text.contains("ext4 nvme\\x07é"))
        #expect(!text.contains("\u{1b}") && !text.contains("\u{202e}"))
        let ascii = TextReport(Recordings.report(source: source), style: TextStyle(isASCIIOnly: true)).text
        #expect(ascii.contains("nvme\\x07\\u{e9}") && ascii.allSatisfy(\.isASCII))
    }

    @Test func coloursChangeNothingElse() throws {
        let plain = TextReport(Recordings.report()).text
        let coloured = TextReport(Recordings.report(), style: TextStyle(palette: .ansi)).text
        #expect(coloured.contains("\u{1b}["))
        #expect(coloured.replacing(try Regex("\u{1b}\\[[0-9]+m"), with: "") == plain)
    }

    @Test func rowsOfNextToNothingFoldAwayUnlessAskedFor() throws {
        var report = Recordings.report()
        for place in report.stages.indices.suffix(2) { report.stages[place].share = 0.0001 }
        let folded = TextReport(report).lines
        #expect(folded.contains { $0.hasPrefix("   2 stages below 0.1%") && $0.contains("<0.1%") })
        #expect(!folded.contains { $0.contains("inline completion  ") })
        let all = TextReport(report, isVerbose: true).lines
        #expect(all.contains { $0.contains("inline completion  ") } && !all.contains { $0.contains("stages below") })
    }

    @Test func narrowPagesDropColumnsAndNoLineIsCut() {
        let lines = TextReport(Recordings.report(), style: TextStyle(width: 60)).lines
        #expect(
            lines.contains { $0.hasPrefix(" W queue_work -> start  |") && $0.hasSuffix("58.5us  29.7%  180us") },
            "\(lines.joined(separator: "\n"))")
        #expect(lines.joined().contains("iomap-always-defers-writes 100.0%"))
        let least = TextReport(Recordings.report(), style: TextStyle(width: 40)).lines
        #expect(least.contains(" W queue_work -> start   58.5us  29.7%"))
    }

    @Test func theHistogramHasEveryIO() {
        let report = Recordings.report()
        #expect(report.histogram.reduce(0) { $0 + $1.ios } == report.latency?.ios)
        for (stretch, next) in zip(report.histogram, report.histogram.dropFirst()) { #expect(stretch.to == next.from) }
        let lines = TextReport(report, showsHistogram: true).lines
        #expect(
            lines.contains {
                $0.hasPrefix(" 100us .. 200us            79   66.")
                    || $0.hasPrefix(" 100us .. 200us            80   66.7% |#")
            })
        #expect(!TextReport(report).text.contains("100us .. 200us"))
    }

    @Test func theHeadTellsOfSizesCommandAndFilters() {
        var report = Recordings.report()
        report.headline.length?.share = 0.04
        report.headline.lengths = 512...131_072
        report.source.command = ["fio", String(repeating: "x", count: 100)]
        report.source.filters = ["--pid 12"]
        report.source.started = 1_769_903_999_123_456_789
        report.source.duration = 10_000_000_000
        let text = TextReport(report).text
        #expect(text.hasPrefix("DIO write of 512 to 128k  ext4"))
        #expect(text.contains("2026-01-31 23:59:59 UTC  recorded for 10.0s"))
        #expect(text.contains("\n $ fio xxx") && text.contains("xxx...\n recorded with --pid 12\n"))
        #expect(TextReport(report, isVerbose: true).text.contains("xxxx\n"))
    }

    @Test func syncsAreByCallAndFile() {
        var source = Recordings.source
        let device = DeviceNumber(major: 259, minor: 1)
        func syncs(_ inode: UInt64, _ isDataOnly: Bool, _ count: UInt64, _ time: UInt64) -> FileSyncs {
            FileSyncs(
                device: device, inode: inode, isDataOnly: isDataOnly, count: count, nanoseconds: time, firstThread: 1)
        }
        source.files = [FileName(device: device, inode: 7, path: "/mnt/wal")]
        source.other = OtherIO(syncs: [syncs(7, false, 10, 568_000), syncs(8, false, 1, 2000), syncs(7, true, 2, 1000)])
        let report = Recordings.report(source: source)
        let text = TextReport(report).text
        #expect(text.contains("\n fsync          10 of /mnt/wal, 56.8us each, 568us in all"))
        #expect(text.contains("1 of nvme0n1 inode 8, 2.00us each, 2.00us in all"))
        #expect(text.contains("\n fdatasync      2 of /mnt/wal, 500ns each, 1.00us in all\n"))
        #expect(!TextReport(Recordings.report()).text.contains("sync  "))
        let json = String(decoding: JSONReport(report).bytes, as: UTF8.self).filter { !$0.isWhitespace }
        #expect(
            json.contains(
                #""syncs":[{"call":"fsync","dev":"259:1","inode":7,"path":"/mnt/wal","count":10,"total_ns":568000}"#))
        let none = String(decoding: JSONReport(Recordings.report()).bytes, as: UTF8.self).filter { !$0.isWhitespace }
        #expect(none.contains(#""syncs":null"#))
    }

    @Test func aThreadNamedAsTheSubmittersIsToldApart() {
        var report = Recordings.report(occupied: true)
        report.source.threads = [1: ThreadName(thread: 1, process: 1, name: "hog")]
        let lines = TextReport(report).lines
        #expect(lines.contains { $0.hasPrefix("   . hog on that CPU ") })
        #expect(lines.contains { $0.hasPrefix("   . other hog ") })
    }

    @Test func theTableOfCPUsIsShownWhenThereIsAChoice() throws {
        var report = Recordings.report()
        let table = try #require(report.placement)
        let head = " CPUs             submit  end_io kworker"
        report.placement?.rows = [table.rows[0]]
        report.placement?.kinds = [table.kinds[0]]
        #expect(!TextReport(report).text.contains(head))
        #expect(TextReport(report, showsCPUs: true).text.contains(head))
        report.placement = table
        report.placement?.rows = (0..<15).map { _ in table.rows[2] }
        report.placement?.otherIOs = 7
        let lines = TextReport(report).lines
        let first = try #require(lines.firstIndex { $0.hasPrefix(head) })
        #expect(lines[first + 10].hasPrefix(" worker apart ") && lines[first + 11].hasPrefix(" others "))
        #expect(lines[first + 11].contains(" 107 "))
        #expect(lines[first + 12].hasPrefix(" by CPUs        all one CPU 16.7%, mean 321us"))
    }

    @Test func eachGroupHasItsFlame() throws {
        var report = Recordings.report(by: .thread)
        #expect(TextReport(report).text.contains("\nthread/100  100.0% of I/Os  120 I/Os"))
        report.source.threads[100] = ThreadName(thread: 100, process: 1, name: "f\u{1b}o")
        #expect(TextReport(report).text.contains("\nf\\x1bo/100  100.0%"))
        let lines = TextReport(Recordings.report(by: .context, top: 1)).lines
        #expect(lines.filter { $0.hasPrefix(" hardirq ") && $0.contains("mean  share") }.count == 1)
        #expect(lines.contains("and 1 more groups by context, 40 I/Os"))
        #expect(!lines.contains { $0.hasPrefix(" all I/Os") })
        #expect(lines.contains { $0.hasPrefix(" VERDICT") })
    }

    @Test func chosenPercentilesReplaceTheUsualOnes() throws {
        let lines = TextReport(Recordings.report(percentiles: [90, 99.99])).lines
        #expect(lines[1].contains("p90 ") && lines[1].contains("p99.99 ") && !lines[1].contains("p50 "))
        #expect(lines[4].hasSuffix("    p90 p99.99"))
        #expect(lines.allSatisfy { $0.count <= 80 })
        let many = TextReport(Recordings.report(percentiles: [1, 2, 3, 4, 5, 6, 7, 99.999])).lines
        let rows = many.filter { $0.contains("|") }
        #expect(rows.count == 9 && Set(rows.map(\.count)).count == 1)
    }

    @Test func queueWaitCausesLieUnderTheirBar() throws {
        var report = Recordings.report(occupied: true)
        report.source.threads = [1: ThreadName(thread: 1, process: 1, name: "f\u{1b}")]
        let lines = TextReport(report, style: TextStyle(width: 120)).lines
        let row = try #require(lines.firstIndex { $0.hasPrefix(" W queue_work -> start") })
        #expect(lines[row + 1].hasPrefix("   . f\\x1b on that CPU "))
        #expect(lines[row + 2].hasPrefix("   . hog "))
        #expect(lines[row + 3].hasPrefix("   . other tasks "))
        #expect(lines[row + 4].hasPrefix("   . unattributed "))
        let bars = lines[row...(row + 4)].map { Self.bar(of: $0) }
        #expect(bars[0].lowerBound == bars[1].lowerBound)
        #expect(bars[1].upperBound == bars[2].lowerBound)
        #expect(bars[2].upperBound == bars[3].lowerBound)
        #expect(bars[4].upperBound == bars[0].upperBound)
    }

    @Test func crumbsOfAWaitShareARow() throws {
        var report = Recordings.report(occupied: true)
        var crumb = try #require(report.queueWait?.largest)
        (crumb.cause, crumb.total, crumb.share, crumb.names) = (.idle, 240, 1e-5, [])
        report.queueWait?.causes.append(crumb)
        (crumb.cause, crumb.total, crumb.share) = (.softirq, 480, 2e-5)
        report.queueWait?.causes.append(crumb)
        let rows = TextReport(report).lines.filter { $0.hasPrefix("   . ") }
        #expect(rows.count == 5 && rows[4].hasPrefix("   . 2 less than 0.1% ") && rows[4].hasSuffix("6ns  <0.1%"))
        // A single one has its name.
        report.queueWait?.causes.removeLast()
        #expect(TextReport(report).lines.contains { $0.hasPrefix("   . idle exit / wakeup ") })
    }

    @Test func aGroupHasAVerdictOfItsOwn() {
        let lines = TextReport(Recordings.report(ios: 600, by: .context)).lines
        let verdicts = lines.filter { $0.hasPrefix(" verdict ") }
        #expect(verdicts.count == 2 && lines.allSatisfy { $0.count <= 80 })
        #expect(verdicts.contains { $0.contains("100.0% of I/Os are completed in a kworker") })
        #expect(
            !TextReport(Recordings.report(ios: 120, by: .context, top: 8)).lines.contains {
                $0.hasPrefix(" verdict ") && $0.contains("inline")
            })
    }

    /// Columns that a row's bar covers.
    static func bar(of line: String) -> Range<Int> {
        let columns = Array(line)
        guard let first = columns.firstIndex(of: "#"), let last = columns.lastIndex(of: "#") else { return 0..<0 }
        return first..<(last + 1)
    }

    @Test func barsTileFromSubmissionToTheMeanLatency() {
        let flame = Flame(Recordings.report(), style: TextStyle(width: 200))
        let bars = (flame?.lines ?? []).dropFirst().map { Self.bar(of: $0) }
        let edge = 24
        #expect(bars.first?.lowerBound == edge + 1)
        for (bar, next) in zip(bars, bars.dropFirst()) where bar.count > 1 && next.count > 1 {
            #expect(bar.upperBound == next.lowerBound || bar.upperBound + 1 == next.lowerBound)
        }
        let width = (flame?.lines.last.map { Array($0).lastIndex(of: "|") } ?? nil) ?? 0
        #expect(bars.map(\.upperBound).max() == width)
    }

    @Test func axisHasRoundTicksInOneUnit() {
        let bars = FlameBar(width: 35, characters: .ascii)
        #expect(bars.axis(whole: 326_000) == "0         100        200us         ")
        #expect(bars.axis(whole: 900) == "0                  500ns           ")
        #expect(bars.axis(whole: 0).count == 35)
        for whole in [1.0, 7, 99, 1234, 5e6, 3e9, 4e12, 9e18] {
            #expect(bars.axis(whole: whole).count == 35)
        }
    }
}
