// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// Counts of I/Os by what they are, whatever became of them.
struct HeadlineAccumulator {
    private(set) var ios = Report.IOCounts()
    private var lengths = RankedCounts<UInt32>()
    private var devices = RankedCounts<UInt32>()
    private var firstSubmitted = UInt64.max
    private var lastSeen: UInt64 = 0

    mutating func add(_ io: DirectIO, _ life: AttributedLife) {
        ios.total += 1
        switch io.operation {
        case .read: ios.read += 1
        case .write: ios.write += 1
        }
        ios.bytes += UInt64(io.length)
        if io.error != 0 { ios.errors += 1 }
        ios.issuers[Self.index(io.issuer)] += 1
        lengths.add(io.length)
        devices.add(io.device.kernelNumber)
        firstSubmitted = min(firstSubmitted, io.submitted.nanoseconds)
        lastSeen = max(lastSeen, io.submitted.nanoseconds + life.latency)
    }

    /// Position in `Issuer.allCases`.
    @inline(__always)
    private static func index(_ issuer: Issuer) -> Int {
        switch issuer {
        case .sync: 0
        case .libaio: 1
        case .ioUring: 2
        case .other: 3
        case .unknown: 4
        }
    }

    /// - Parameter latency: sum of all latencies, nanoseconds.
    func headline(devices names: [DeviceName], latency: UInt128) -> Headline {
        var headline = Headline()
        guard ios.total > 0 else { return headline }
        let writes = ios.write >= ios.read
        headline.operation = dominant(writes ? .write : .read, Swift.max(ios.write, ios.read))
        if let length = lengths.ranked.first { headline.length = dominant(length.key, length.count) }
        // Of equal counts the first.
        let issuers = zip(Issuer.allCases, ios.issuers).reversed()
        if let issuer = issuers.max(by: { $0.1 < $1.1 }) { headline.issuer = dominant(issuer.0, issuer.1) }
        if let device = devices.ranked.first {
            let number = DeviceNumber(kernel: device.key)
            headline.device = dominant(number, device.count)
            headline.deviceName = names.first { $0.device == number }
        }
        let span = lastSeen - firstSubmitted
        if span > 0 { headline.meanInFlight = Double(latency) / Double(span) }
        return headline
    }

    private func dominant<Value>(_ value: Value, _ count: UInt64) -> Headline.Dominant<Value> {
        Headline.Dominant(value: value, share: Double(count) / Double(ios.total))
    }
}
