// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import CZlib
import DirectIO
import Foundation
import Histogram
import Rendering
import Report
import TestSupport
import Testing

@testable import Exports

@Suite struct TotalsExportTests {
    private static func metrics(_ ios: [ListedIO], kernel: String = "6.12") -> String {
        var source = ReportSource(kind: "test", isComplete: true)
        source.kernel = kernel
        let loss = [DataLoss(what: "ring-full", count: 7, severity: .loss, help: "")]
        return Samples.text(MetricsExport(rule: .defersWrites, source: source, loss: loss), ios)
    }

    @Test func metricsHaveTheReportsNumbers() {
        let text = Self.metrics(Samples.deferred(200))
        for line in [
            "# TYPE dioscope_latency_seconds summary", "dioscope_latency_seconds_sum 0.0236",
            "dioscope_latency_seconds_count 200", "dioscope_ios{op=\"write\"} 200",
            "dioscope_completed_ios{context=\"kworker\"} 200", "dioscope_lost{what=\"ring-full\"} 7",
            "dioscope_stage_seconds_sum{stage=\"completion_work\"} 0.0016",
            "dioscope_deferred_ios{reason=\"iomap-always-defers-writes\"} 200",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(text.hasSuffix("\n# EOF\n"))
    }

    /// Nothing is scaled, and it is said by how much it would have to be.
    @Test func aSampleSaysSo() {
        let export = MetricsExport(
            rule: .defersWrites, source: ReportSource(kind: "test", isComplete: true), loss: [], condition: "op=write")
        export.sample = Sample(ios: 50, sampledOut: 150)
        let text = Samples.text(export, Samples.deferred(20))
        for line in [
            "dioscope_sample_ratio 0.25", "dioscope_sampled_ios 200", "dioscope_ios{op=\"write\"} 20",
            "dioscope_recording_info{complete=\"true\",where=\"op=write\"} 1",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        let whole = Self.metrics(Samples.deferred(20))
        #expect(whole.contains("dioscope_sample_ratio 1\n") || whole.contains("dioscope_sample_ratio 1.0\n"))
        #expect(!whole.contains("dioscope_sampled_ios"))
        let log = HistogramLogExport(startedWall: nil)
        log.sample = Sample(ios: 50, sampledOut: 150)
        #expect(Samples.text(log, Samples.deferred(20)).contains("#[of 50 of 200 I/Os, recorded at random]\n"))
    }

    @Test func labelsAreEscaped() {
        let text = Self.metrics([], kernel: "a\"b\\c\n\u{1b}")
        #expect(text.contains("kernel=\"a\\\"b\\\\\\\\c\\\\x0a\\\\x1b\""))
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("dioscope_") })
    }

    @Test func everyFamilyIsDeclaredOnceAndHasSamples() {
        let lines = Self.metrics(Samples.deferred(3)).split(separator: "\n")
        let families = lines.filter { $0.hasPrefix("# TYPE") }.map { String($0.split(separator: " ")[2]) }
        #expect(Set(families).count == families.count)
        for family in families { #expect(lines.contains { $0.hasPrefix(family) }, "\(family)") }
    }

    @Test func logHasAHistogramForEachStage() {
        let lines = Samples.text(HistogramLogExport(startedWall: 1_700_000_000_500_000_000), Samples.deferred(10))
            .split(separator: "\n")
        #expect(lines[0] == "#[Histogram log format version 1.3]")
        #expect(lines[2] == "#[StartTime: 1700000000.500 (seconds since epoch)]")
        let tags = lines.filter { $0.hasPrefix("Tag=") }.map { $0.split(separator: ",")[0].dropFirst(4) }
        #expect(tags == ["latency", "submit", "device", "irq", "hand_off", "queue_wait", "completion_work"])
        #expect(lines.filter { $0.hasPrefix("Tag=latency,0.000,0.000,0.118,HISTFAAAA") }.count == 1)
    }

    /// Decoded as the format's specification says.
    @Test func payloadHoldsEveryCount() throws {
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .two)
        var random = SeededGenerator(seed: 3)
        var counts: [UInt64: UInt64] = [:]
        for value in [0, 1, 255, 256, 1 << 40] + (0..<500).map({ _ in random.next() >> 30 }) as [UInt64] {
            histogram.record(value)
            counts[histogram.lowestEquivalentForValue(value), default: 0] += 1
        }
        let compressed = try #require(HistogramPayload(histogram).compressed)
        #expect(compressed.prefix(4) == [0x1c, 0x84, 0x93, 0x14])
        var size = UInt(1 << 20)
        var bytes = [UInt8](repeating: 0, count: Int(size))
        #expect(uncompress(&bytes, &size, Array(compressed[8...]), UInt(compressed.count - 8)) == Z_OK)
        #expect(bytes.prefix(4) == [0x1c, 0x84, 0x93, 0x13])

        let values = histogram.allValues().map { histogram.lowestEquivalentForValue($0.value) }
        var (index, position) = (0, 40)
        while position < Int(size) {
            var (number, shift) = (UInt64(0), UInt64(0))
            repeat {
                number |= UInt64(bytes[position] & 0x7f) << shift
                shift += 7
                position += 1
            } while bytes[position - 1] & 0x80 != 0
            let count = Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
            if count < 0 {
                index += Int(-count)
            } else {
                #expect(counts.removeValue(forKey: values[index]) == UInt64(count))
                index += 1
            }
        }
        #expect(counts.isEmpty)
    }

    @Test func lifeBeyondMeasureIsNoTrap() {
        let ios = Samples.random(2000)
        #expect(!Samples.bytes(HistogramLogExport(startedWall: nil), ios).isEmpty)
        #expect(Self.metrics(ios).hasSuffix("# EOF\n"))
    }
}
