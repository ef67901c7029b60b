// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Kinds of events by the bytes of their names: a hash table without a String.
struct EventNames {
    /// The kind's number is here because to ask the kind for it takes a look into a dictionary.
    typealias Entry = (hash: UInt32, kind: EventKind, index: Int, name: StaticBytes)
    private var slots = [Entry?](repeating: nil, count: 256)

    init() {
        for kind in EventKind.allCases where kind != .probe && kind != .functionTrace {
            add(kind, kind.rawValue)
        }
        add(.functionTrace, "function")
    }

    private mutating func add(_ kind: EventKind, _ name: String) {
        let bytes = StaticBytes(Array(name.utf8))
        let hash = bytes.bytes.withUnsafeBytes { Self.hash($0) }
        var slot = Int(hash & 255)
        while slots[slot] != nil { slot = (slot + 1) & 255 }
        slots[slot] = (hash, kind, kind.index, bytes)
    }

    /// `nil` for a name that is no tracepoint's that is read.
    @inline(__always)
    func kind(of name: UnsafeRawBufferPointer) -> (kind: EventKind, index: Int)? {
        let hash = Self.hash(name)
        var slot = Int(hash & 255)
        while let entry = slots[slot] {
            if entry.hash == hash, entry.name.equals(name) { return (entry.kind, entry.index) }
            slot = (slot + 1) & 255
        }
        return nil
    }

    /// Of the length, the first eight bytes and the last: no two names that are read have all of them alike.
    @inline(__always)
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard bytes.count >= 8 else { return UInt32(bytes.count) }
        let first = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let last = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
        let mixed = (first &* 0x9e37_79b9_7f4a_7c15 ^ last ^ UInt64(bytes.count)) &* 0xff51_afd7_ed55_8ccd
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }
}

/// Bytes to compare with.
struct StaticBytes {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    @inline(__always)
    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard other.count == bytes.count, let base = other.baseAddress else { return false }
        return bytes.withUnsafeBytes { own in own.baseAddress.map { memcmp($0, base, other.count) == 0 } ?? true }
    }
}
