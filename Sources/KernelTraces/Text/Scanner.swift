// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Walks through one line of text. Each step returns whether it found what it was asked for, and is then behind it.
struct Scanner {
    private(set) var next: UnsafePointer<UInt8>
    private(set) var end: UnsafePointer<UInt8>

    @inline(__always)
    init(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
        next = start
        self.end = end
    }

    /// - Parameter bytes: they have to stay in memory as long as the scanner is used.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return nil }
        self.init(start, start + bytes.count)
    }

    @inline(__always) var isAtEnd: Bool { next >= end }
    @inline(__always) var count: Int { end - next }
    @inline(__always) var byte: UInt8 { next < end ? next.pointee : 0 }
    @inline(__always) var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: next, count: count) }

    @inline(__always)
    mutating func skip(_ count: Int) {
        next = count < self.count ? next + count : end
    }

    @inline(__always)
    mutating func skipSpaces() {
        // Here and below, the place is kept in a register: `next` may be in memory.
        var place = next
        // perf pads names to 40 columns and more.
        while end - place >= 8, UnsafeRawPointer(place).loadUnaligned(as: UInt64.self) == 0x2020_2020_2020_2020 {
            place += 8
        }
        while place < end, place.pointee == UInt8(ascii: " ") || place.pointee == UInt8(ascii: "\t") { place += 1 }
        next = place
    }

    @inline(__always)
    mutating func skip(byte wanted: UInt8) -> Bool {
        guard next < end, next.pointee == wanted else { return false }
        next += 1
        return true
    }

    @inline(__always)
    mutating func skip(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length, memcmp(next, text.utf8Start, length) == 0 else { return false }
        next += length
        return true
    }

    /// Goes behind the next place where `text` stands.
    mutating func skip(through text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        var start = next
        while end - start >= length, let found = memchr(start, Int32(text.utf8Start[0]), end - start - length + 1) {
            start = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
            if memcmp(start, text.utf8Start, length) == 0 {
                next = start + length
                return true
            }
            start += 1
        }
        return false
    }

    /// Ends where `text` stands last.
    mutating func cut(atLast text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        var start = end - length
        while start >= next {
            if start.pointee == text.utf8Start.pointee, memcmp(start, text.utf8Start, length) == 0 {
                end = start
                return true
            }
            start -= 1
        }
        return false
    }

    /// Digits; a number beyond 64 bits wraps.
    @inline(__always)
    mutating func decimal() -> UInt64? {
        let (start, end) = (next, end)
        var place = start
        var value: UInt64 = 0
        while place < end {
            let digit = place.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            place += 1
        }
        next = place
        return place > start ? value : nil
    }

    @inline(__always)
    mutating func signedDecimal() -> Int64? {
        let isNegative = skip(byte: UInt8(ascii: "-"))
        guard let value = decimal() else { return nil }
        return isNegative ? 0 &- Int64(truncatingIfNeeded: value) : Int64(truncatingIfNeeded: value)
    }

    /// `259,5`, as the kernel's `dev_t`.
    @inline(__always)
    mutating func device(_ separator: UInt8 = UInt8(ascii: ",")) -> UInt32? {
        guard let major = decimal(), skip(byte: separator), let minor = decimal() else { return nil }
        return UInt32(truncatingIfNeeded: major) << 20 | UInt32(truncatingIfNeeded: minor) & 0xfffff
    }

    /// Hexadecimal digits, after 0x or not.
    @inline(__always)
    mutating func hexadecimal() -> UInt64? {
        if count > 2, next[0] == UInt8(ascii: "0"), next[1] == UInt8(ascii: "x") { next += 2 }
        let (start, end) = (next, end)
        var place = start
        var value: UInt64 = 0
        while place < end, let digit = hexDigit(place.pointee) {
            value = value << 4 | UInt64(digit)
            place += 1
        }
        next = place
        return place > start ? value : nil
    }

    /// A number as a probe prints it: 0x..., or decimal with a sign.
    mutating func number() -> UInt64? {
        if count > 2, next[0] == UInt8(ascii: "0"), next[1] == UInt8(ascii: "x") { return hexadecimal() }
        return signedDecimal().map { UInt64(bitPattern: $0) }
    }

    /// Up to the next `stop` or the end; `stop` itself is next.
    @inline(__always)
    mutating func word(until stop: UInt8 = UInt8(ascii: " ")) -> UnsafeRawBufferPointer {
        let start = next
        let found = memchr(next, Int32(stop), count)
        next = found.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) } ?? end
        return UnsafeRawBufferPointer(start: start, count: next - start)
    }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
