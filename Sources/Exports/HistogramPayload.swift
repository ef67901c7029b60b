// SPDX-License-Identifier: GPL-2.0-only

import CZlib
import Histogram

/// A histogram in HdrHistogram's own encoding, version 2 (hdrhistogram-swift has none): counts in the order of their values
/// as ZigZag LEB128, runs of zeros as one negative number.
struct HistogramPayload {
    let bytes: [UInt8]

    private static let cookie: UInt32 = 0x1c84_9303 | 0x10
    private static let compressedCookie: UInt32 = 0x1c84_9304 | 0x10

    init(_ histogram: Histogram<UInt64>) {
        let counts = Self.counts(of: histogram)
        var bytes = Self.bigEndian(Self.cookie)
        bytes += Self.bigEndian(UInt32(clamping: counts.count))
        // No shift of the counts.
        bytes += Self.bigEndian(UInt32(0))
        bytes += Self.bigEndian(UInt32(histogram.numberOfSignificantValueDigits.rawValue))
        bytes += Self.bigEndian(UInt64(histogram.lowestDiscernibleValue))
        bytes += Self.bigEndian(UInt64(histogram.highestTrackableValue))
        // From integers to the values they stand for: 1.
        bytes += Self.bigEndian(Double(1).bitPattern)
        self.bytes = bytes + counts
    }

    /// Deflated behind a header; `nil` when zlib has no memory for it.
    var compressed: [UInt8]? {
        var size = compressBound(UInt(bytes.count))
        var deflated = [UInt8](repeating: 0, count: Int(size))
        guard compress2(&deflated, &size, bytes, UInt(bytes.count), Z_DEFAULT_COMPRESSION) == Z_OK else { return nil }
        return Self.bigEndian(Self.compressedCookie) + Self.bigEndian(UInt32(size)) + deflated[..<Int(size)]
    }

    /// Up to the largest value; every bucket of the histogram in order. Not by the library's iterators, which sum the
    /// values: the sum of a corrupt capture's overflows.
    private static func counts(of histogram: Histogram<UInt64>) -> [UInt8] {
        var bytes: [UInt8] = []
        var zeros: Int64 = 0
        var left = histogram.totalCount
        var value: UInt64 = 0
        while left > 0 {
            let count = histogram.countForValue(value)
            value = histogram.nextNonEquivalentForValue(value)
            guard count > 0 else {
                zeros += 1
                continue
            }
            if zeros > 0 { append(-zeros, to: &bytes) }
            zeros = 0
            append(Int64(clamping: count), to: &bytes)
            left -= min(left, count)
        }
        return bytes
    }

    /// ZigZag, then seven bits a byte, the lowest first; a ninth byte has all its eight bits.
    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
        for _ in 0..<8 {
            guard rest > 0x7f else {
                bytes.append(UInt8(rest))
                return
            }
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
