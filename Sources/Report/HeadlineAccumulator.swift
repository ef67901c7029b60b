// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Counts of I/Os by what they are, whatever became of them.
struct HeadlineAccumulator: ~Copyable, Sendable {
    private var counts = Report.IOCounts()
    /// In the order of `Issuer.allCases`.
    private var issuers = CountTable(Issuer.allCases.count)
    private var lengths = RankedCounts()
    private var devices = RankedCounts()
    /// Those that were written to.
    private var written = RankedCounts()
    private var firstSubmitted = UInt64.max
    private var lastSeen: UInt64 = 0

    @inline(__always)
    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        counts.total += 1
        switch io.operation {
        case .read: counts.read += 1
        case .write:
            counts.write += 1
            counts.writtenBytes += UInt64(io.length)
            written.add(io.device.kernelNumber)
        case .unknown: break
        }
        counts.bytes += UInt64(io.length)
        if io.error != 0 { counts.errors += 1 }
        issuers[io.issuer.index] &+= 1
        if io.isPartial { return addPartial(io, life) }
        lengths.add(io.length)
        devices.add(io.device.kernelNumber)
        firstSubmitted = min(firstSubmitted, io.submitted.nanoseconds)
        lastSeen = max(lastSeen, io.submitted.nanoseconds + life.latency)
    }

    /// What is unknown of it is nothing, and no value.
    @inline(never)
    private mutating func addPartial(_ io: DirectIO, _ life: AttributedLife) {
        counts.partial += 1
        if io.isRequest { counts.requests += 1 }
        if io.knowsLength { lengths.add(io.length) } else { counts.unknownLengths += 1 }
        if io.knowsDevice { devices.add(io.device.kernelNumber) }
        firstSubmitted = min(firstSubmitted, io.began.nanoseconds)
        lastSeen = max(lastSeen, io.began.nanoseconds + life.latency)
    }

    /// Adds I/Os that were aggregated in the kernel.
    mutating func add(_ summary: IOSummary) {
        let io = summary.example
        counts.total += summary.ios
        switch io.operation {
        case .read: counts.read += summary.ios
        case .write:
            counts.write += summary.ios
            counts.writtenBytes &+= summary.bytes
            written.add(io.device.kernelNumber, summary.ios)
        case .unknown: break
        }
        counts.bytes &+= summary.bytes
        counts.errors += summary.errors
        issuers[io.issuer.index] &+= summary.ios
        if io.length > 0 { lengths.add(io.length, summary.ios) }
        devices.add(io.device.kernelNumber, summary.ios)
        firstSubmitted = min(firstSubmitted, summary.firstSubmitted.nanoseconds)
        lastSeen = max(lastSeen, summary.lastSeen.nanoseconds)
    }

    mutating func add(_ other: borrowing HeadlineAccumulator) {
        counts.total += other.counts.total
        counts.read += other.counts.read
        counts.write += other.counts.write
        counts.bytes += other.counts.bytes
        counts.writtenBytes += other.counts.writtenBytes
        counts.unknownLengths += other.counts.unknownLengths
        counts.errors += other.counts.errors
        counts.partial += other.counts.partial
        counts.requests += other.counts.requests
        issuers.add(other.issuers)
        lengths.add(other.lengths)
        devices.add(other.devices)
        written.add(other.written)
        firstSubmitted = min(firstSubmitted, other.firstSubmitted)
        lastSeen = max(lastSeen, other.lastSeen)
    }

    /// From the first submission to the last completion, CLOCK_MONOTONIC.
    var load: Range<UInt64> { min(firstSubmitted, lastSeen)..<lastSeen }

    /// Numbers that I/Os go by.
    var deviceNumbers: Set<DeviceNumber> { Set(devices.ranked.map { DeviceNumber(kernel: $0.key) }) }
    /// Those of them that were written to.
    var writtenDevices: Set<DeviceNumber> { Set(written.ranked.map { DeviceNumber(kernel: $0.key) }) }

    var ios: Report.IOCounts {
        var counts = counts
        counts.issuers = (0..<issuers.count).map { issuers[$0] }
        return counts
    }

    /// There were more keys than are counted: which ones depends on the order of the I/Os.
    var isAtLimit: Bool { lengths.others > 0 || devices.others > 0 }

    /// - Parameters:
    ///   - latency: sum of all latencies, nanoseconds.
    ///   - population: how many I/Os there were for one that was added.
    func headline(devices names: [DeviceName], latency: UInt128, population: Double) -> Headline {
        var headline = Headline()
        let ios = ios
        guard ios.total > 0 else { return headline }
        let unknown = ios.total - ios.read - ios.write
        func dominant<Value>(_ value: Value, _ count: UInt64) -> Headline.Dominant<Value> {
            Headline.Dominant(value: value, share: Double(count) / Double(ios.total))
        }
        if unknown > Swift.max(ios.write, ios.read) {
            headline.operation = dominant(.unknown, unknown)
        } else {
            headline.operation = dominant(ios.write >= ios.read ? .write : .read, Swift.max(ios.write, ios.read))
        }
        headline.lengths = lengths.range
        if let length = lengths.ranked.first { headline.length = dominant(length.key, length.count) }
        // The first of equal counts.
        let issuers = zip(Issuer.allCases, ios.issuers).reversed()
        if let issuer = issuers.max(by: { $0.1 < $1.1 }) { headline.issuer = dominant(issuer.0, issuer.1) }
        if let device = devices.ranked.first {
            let number = DeviceNumber(kernel: device.key)
            headline.device = dominant(number, device.count)
            headline.deviceName = names.first { $0.device == number }
        }
        let span = lastSeen - firstSubmitted
        guard span > 0 else { return headline }
        // Of a part of their lives it would be too few; that of a request is whole.
        if ios.partial == ios.requests { headline.meanInFlight = Double(latency) / Double(span) * population }
        headline.span = span
        headline.iops = Double(ios.total) * population * 1e9 / Double(span)
        if ios.unknownLengths == 0 { headline.bytesPerSecond = Double(ios.bytes) * population * 1e9 / Double(span) }
        return headline
    }
}
