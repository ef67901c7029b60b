// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Names of kernel functions by the address at which they begin, from `/proc/kallsyms`.
///
/// The kernel takes tens of milliseconds to print it, and to sort it would take longer: it is read at once, before a
/// recording that it would disturb, and searched for the few addresses that are asked for.
struct KernelSymbols {
    /// Ends with a NUL.
    private let text: [UInt8]
    private var known: [UInt64: String?] = [:]

    /// Those of the running kernel.
    init() {
        text = (contents(ofKernelFile: "/proc/kallsyms") ?? []) + [0]
    }

    init(text: String) {
        self.text = Array(text.utf8) + [0]
    }

    /// The function that begins at `address`; `nil` when there is none, or addresses are hidden.
    mutating func name(of address: UInt64) -> String? {
        if let name = known[address] { return name }
        let name = search(address)
        known[address] = .some(name)
        return name
    }

    /// Of the names that a function has, the first is taken.
    private func search(_ address: UInt64) -> String? {
        guard address > 0 else { return nil }
        let digits = Self.digits(of: address)
        var start = 0
        while let found = position(of: digits, from: start) {
            if let name = functionName(inLineAt: found) { return name }
            start = found + Self.digitCount
        }
        return nil
    }

    private func position(of digits: String, from start: Int) -> Int? {
        text.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let base = characters.baseAddress, let found = strstr(base + start, digits) else { return nil }
                return UnsafePointer(found) - base
            }
        }
    }

    /// Lines are `address type name [module]`; functions have type t or T, weak ones w or W.
    private func functionName(inLineAt start: Int) -> String? {
        let name = start + Self.digitCount + 3
        let isAtLineStart = start == 0 || text[start - 1] == UInt8(ascii: "\n")
        guard isAtLineStart, name < text.count, "tTwW".utf8.contains(text[name - 2]) else { return nil }
        let end = text[name...].firstIndex { $0 < UInt8(ascii: " ") } ?? text.count
        return String(decoding: text[name..<end], as: UTF8.self)
    }

    private static let digitCount = 16

    private static func digits(of address: UInt64) -> String {
        let digits = String(address, radix: 16)
        return String(repeating: "0", count: digitCount - digits.count) + digits
    }
}
