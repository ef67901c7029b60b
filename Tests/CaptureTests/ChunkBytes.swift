// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// Bytes of a capture made by hand from `Documentation/CaptureFormat.md`, independently of the module.
enum ChunkBytes {
    static func fileHeader(major: UInt16 = 1, minor: UInt16 = 9, flags: UInt32 = 0) -> [UInt8] {
        [0x89, 0x44, 0x49, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a] + little(major) + little(minor) + little(flags)
    }

    /// A chunk with right checksums, whatever else is wrong about it.
    static func chunk(
        kind: UInt16, flags: UInt16 = 0, length: UInt32? = nil, count: UInt32 = 1, _ payload: [UInt8]
    ) -> [UInt8] {
        let start =
            [0x8a, 0x43, 0x48, 0x4b] + little(kind) + little(flags) + little(length ?? UInt32(payload.count))
            + little(count) + little(crc(payload))
        return start + little(crc(start)) + payload
    }

    static let sessionJSON = """
        {"recorder":"0","host":"h","kernel":"k","machine":"m","cpuCount":1,"clock":"CLOCK_MONOTONIC",\
        "completionRule":"unknown","commandLine":[],"tracedCommand":[],"filters":[],"probes":[],\
        "startedWall":0,"startedMonotonic":0}
        """

    static func session(_ json: String = sessionJSON) -> [UInt8] {
        chunk(kind: 1, Array(json.utf8))
    }

    static func ios(_ ios: [DirectIO]) -> [UInt8] {
        chunk(kind: 2, count: UInt32(ios.count), ios.flatMap { withUnsafeBytes(of: probe_io($0), Array.init) })
    }

    static func end(ios: Int) -> [UInt8] {
        chunk(kind: 6, Array(#"{"wall":1,"monotonic":2,"ios":\#(ios)}"#.utf8))
    }

    /// A capture of nothing but `chunks` after its session.
    static func capture(_ chunks: [UInt8]...) -> [UInt8] {
        fileHeader() + session() + chunks.flatMap(\.self)
    }

    /// Start and end of every chunk in an undamaged capture, with its kind and record count.
    static func layout(of bytes: [UInt8]) -> [(start: Int, end: Int, kind: Int, count: Int)] {
        var chunks: [(start: Int, end: Int, kind: Int, count: Int)] = []
        var start = 16
        func number(_ offset: Int, _ size: Int) -> Int {
            (0..<size).reduce(0) { $0 | Int(bytes[start + offset + $1]) << ($1 * 8) }
        }
        while start < bytes.count {
            let end = start + 24 + number(8, 4)
            chunks.append((start, end, number(4, 2), number(12, 4)))
            start = end
        }
        return chunks
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320) }
        }
    }
}
