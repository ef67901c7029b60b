// SPDX-License-Identifier: GPL-2.0-only

extension IOFlags {
    /// Reads `DIRECT|WRITE|0x800000`: names, and the bits that the kernel had no name for.
    /// - Parameter bits: what the nameless ones mean.
    init(text: UnsafeRawBufferPointer, bits: IOFlagBits) {
        self = []
        guard let base = text.bindMemory(to: UInt8.self).baseAddress else { return }
        var scanner = Scanner(base, base + text.count)
        while !scanner.isAtEnd {
            let word = scanner.word(until: UInt8(ascii: "|"))
            scanner.skip(1)
            insert(Self.named(word, bits))
        }
    }

    private static func named(_ word: UnsafeRawBufferPointer, _ bits: IOFlagBits) -> IOFlags {
        guard let base = word.bindMemory(to: UInt8.self).baseAddress else { return [] }
        var scanner = Scanner(base, base + word.count)
        if scanner.byte == UInt8(ascii: "0") {
            return bits.flags(UInt32(truncatingIfNeeded: scanner.hexadecimal() ?? 0))
        }
        for (name, flag) in names where word.count == name.utf8CodeUnitCount && scanner.skip(name) { return flag }
        return []
    }

    private static let names: [(StaticString, IOFlags)] = [
        ("DIRECT", .direct), ("WRITE", .write), ("AIO_RW", .libaio), ("HIPRI", .polled), ("DSYNC", .dataSync),
        ("SYNC", .sync), ("NOWAIT", .noWait), ("CALLER_COMP", .callerCompletion),
        ("ATOMIC", .atomic),
    ]
}
