// SPDX-License-Identifier: GPL-2.0-only

import CZlib

/// Makes a small trace.dat of version 7 in memory: one CPU, irq_handler_entry events.
struct TraceDatBytes {
    var isZlib = false
    /// Records as the ring buffer has them; see `event`.
    var data: [UInt8] = []
    var firstTime: UInt64 = 1_000_000
    var commitFlags: UInt64 = 0
    /// Behind the data, when flags say so.
    var lost: UInt64 = 0

    static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A record of event 77, `irq` in CPU context `flags`, `delta` after the one before.
    static func event(_ irq: UInt32, delta: UInt32, flags: UInt8 = 8) -> [UInt8] {
        let body: [UInt8] = little(UInt16(77)) + [flags, 0] + little(Int32(5)) + little(irq)
        return little(delta << 5 | UInt32(body.count / 4)) + body
    }

    /// What lengthens the time before the next record beyond 27 bits, or sets it.
    static func time(_ kind: UInt32, _ value: UInt64) -> [UInt8] {
        little(UInt32(value & 0x7ff_ffff) << 5 | kind) + little(UInt32(truncatingIfNeeded: value >> 27))
    }

    private var page: [UInt8] {
        let head: [UInt8] = Self.little(firstTime) + Self.little(UInt64(data.count) | commitFlags)
        let tail = lost == 0 ? [] : Self.little(lost)
        let used = head + data + tail
        return used + [UInt8](repeating: 0, count: 4096 - used.count)
    }

    private static let format = """
        name: irq_handler_entry
        ID: 77
        format:
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;
        \tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;

        """

    private func section(_ id: UInt16, packed: Bool = false, _ content: [UInt8]) -> [UInt8] {
        Self.little(id) + Self.little(UInt16(packed ? 1 : 0)) + Self.little(UInt32(0))
            + Self.little(UInt64(content.count)) + content
    }

    private func option(_ id: UInt16, _ content: [UInt8]) -> [UInt8] {
        Self.little(id) + Self.little(UInt32(content.count)) + content
    }

    private func packed(_ content: [UInt8]) -> [UInt8] {
        var length = compressBound(UInt(content.count))
        var output = [UInt8](repeating: 0, count: Int(length))
        compress(&output, &length, content, UInt(content.count))
        return Self.little(UInt32(length)) + Self.little(UInt32(content.count)) + output.prefix(Int(length))
    }

    var bytes: [UInt8] {
        var file: [UInt8] = [0x17, 0x08, 0x44] + Array("tracing7\0".utf8) + [0, 8] + Self.little(UInt32(4096))
        file += Array((isZlib ? "zlib\0" : "none\0").utf8) + [0]
        let headerEnd = file.count + 8
        file += Self.little(UInt64(headerEnd))
        let format = Array(Self.format.utf8)
        var formats = Self.little(UInt32(1)) + Array("irq\0".utf8) + Self.little(UInt32(1))
        formats += Self.little(UInt64(format.count)) + format
        file += section(18, packed: isZlib, isZlib ? packed(formats) : formats)
        let content = isZlib ? Self.little(UInt32(1)) + packed(page) : page
        // The data begins right after the table of CPUs and a section's head.
        let table =
            option(3, buffer(at: 0, size: 0)) + option(5, Array("Linux box 6.12.1 x86_64\0".utf8))
            + option(0, Self.little(UInt64(0)))
        let offset = UInt64(file.count + 16 + table.count)
        let options =
            option(3, buffer(at: offset, size: UInt64(content.count)))
            + option(5, Array("Linux box 6.12.1 x86_64\0".utf8)) + option(0, Self.little(UInt64(0)))
        return file + section(0, options) + section(3, packed: isZlib, content)
    }

    private func buffer(at offset: UInt64, size: UInt64) -> [UInt8] {
        var table: [UInt8] = Self.little(offset) + Array("\0mono\0".utf8) + Self.little(UInt32(4096))
        table += Self.little(UInt32(1)) + Self.little(UInt32(3))
        return table + Self.little(offset + 16) + Self.little(size)
    }
}
