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

    /// Whether the kernel itself has a symbol of this name; `nil` when it shows none.
    func has(_ name: String) -> Bool? {
        guard text.count > 1 else { return nil }
        return position(of: " \(name)\n", from: 0) != nil
    }

    /// The address of a function in a module, or if that is built in of the kernel's own; `nil` when there is none, or addresses are
    /// hidden.
    func address(of function: String, module: String) -> UInt64? {
        let found = position(of: " \(function)\t[\(module)]\n", from: 0) ?? position(of: " \(function)\n", from: 0)
        guard let found else { return nil }
        let start = (text[..<found].lastIndex(of: Self.newline) ?? -1) + 1
        let digits = String(decoding: text[start...].prefix(Self.digitCount), as: UTF8.self)
        return UInt64(digits, radix: 16).flatMap { $0 == 0 ? nil : $0 }
    }

    /// The function that begins at `address`; `nil` when there is none, or addresses are hidden.
    mutating func name(of address: UInt64) -> String? {
        if let name = known[address] { return name }
        let name = search(address)
        known[address] = .some(name)
        return name
    }

    /// Takes the first of the names that a function has.
    private func search(_ address: UInt64) -> String? {
        guard address > 0 else { return nil }
        let digits = Self.digits(of: address)
        let near = lowerBound(Array(digits.utf8))
        let isThere = text[near...].prefix(Self.digitCount).elementsEqual(digits.utf8)
        return functionName(at: digits, from: isThere ? near : 0)
    }

    /// The line of the first address that is not below, among the kernel's own symbols: those are in order, and only
    /// modules' are not.
    private func lowerBound(_ digits: [UInt8]) -> Int {
        var (low, high) = (0, text.count - 1)
        while low < high {
            let middle = (low + high) / 2
            let start = (text[low..<middle].lastIndex(of: Self.newline) ?? low - 1) + 1
            if text[start...].prefix(Self.digitCount).lexicographicallyPrecedes(digits) {
                low = (text[middle..<high].firstIndex(of: Self.newline) ?? high - 1) + 1
            } else {
                high = start
            }
        }
        return low
    }

    private func functionName(at digits: String, from: Int) -> String? {
        var start = from
        while let found = position(of: digits, from: start) {
            if let name = functionName(inLineAt: found) { return name }
            start = found + Self.digitCount
        }
        return nil
    }

    private func position(of words: String, from start: Int) -> Int? {
        text.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let base = characters.baseAddress, let found = strstr(base + start, words) else { return nil }
                return UnsafePointer(found) - base
            }
        }
    }

    /// Lines are `address type name [module]`; functions have type t or T, weak ones w or W.
    private func functionName(inLineAt start: Int) -> String? {
        let name = start + Self.digitCount + 3
        let isAtLineStart = start == 0 || text[start - 1] == Self.newline
        guard isAtLineStart, name < text.count, "tTwW".utf8.contains(text[name - 2]) else { return nil }
        let end = text[name...].firstIndex { $0 < UInt8(ascii: " ") } ?? text.count
        return String(decoding: text[name..<end], as: UTF8.self)
    }

    private static let digitCount = 16
    private static let newline = UInt8(ascii: "\n")

    private static func digits(of address: UInt64) -> String {
        let digits = String(address, radix: 16)
        return String(repeating: "0", count: digitCount - digits.count) + digits
    }
}
