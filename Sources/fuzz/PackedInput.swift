// SPDX-License-Identifier: GPL-2.0-only

/// Bytes that libFuzzer made up as the packed records of a capture, or those in columns, which is right around them: a
/// reader unpacks only what has the right checksum, and mutations would never get that far.
enum PackedInput {
    /// The first byte chooses the kind, and its highest bit columns; the next two are the number of records.
    static func capture(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 3 else { return [] }
        let kind = [2, 7, 8][Int(bytes[0] & 0x7f) % 3]
        let flags = bytes[0] < 0x80 ? 1 : 2
        let count = Int(bytes[1]) | Int(bytes[2]) << 8
        return header + chunk(1, 0, 1, Array(session.utf8)) + chunk(kind, flags, count, Array(bytes[3...]))
    }

    private static let header: [UInt8] = [0x89, 0x44, 0x49, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a, 1, 0, 3, 0, 0, 0, 0, 0]

    private static let session = """
        {"recorder":"0","host":"h","kernel":"k","machine":"m","cpuCount":1,"clock":"CLOCK_MONOTONIC",\
        "completionRule":"unknown","commandLine":[],"tracedCommand":[],"filters":[],"probes":[],\
        "startedWall":0,"startedMonotonic":0}
        """

    private static func chunk(_ kind: Int, _ flags: Int, _ count: Int, _ payload: [UInt8]) -> [UInt8] {
        let head =
            [0x8a, 0x43, 0x48, 0x4b] + little(kind, 2) + little(flags, 2) + little(payload.count, 4)
            + little(count, 4) + little(crc(payload), 4)
        return head + little(crc(head), 4) + payload
    }

    private static func little(_ value: Int, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    /// CRC-32, bit by bit: the inputs are short.
    private static func crc(_ bytes: [UInt8]) -> Int {
        let crc = bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320) }
        }
        return Int(~crc)
    }
}
