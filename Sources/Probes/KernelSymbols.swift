// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Names of kernel functions by address, from `/proc/kallsyms`; read when the first one is asked for, once.
struct KernelSymbols {
    /// Addresses of functions in ascending order, and where in `text` their names are.
    private var addresses: [UInt64] = []
    private var names: [Range<Int>] = []
    private var text: [UInt8] = []
    private var isRead = false
    private var known: [UInt64: String] = [:]

    /// The function that begins at or before `address`; `nil` when addresses are hidden.
    mutating func name(of address: UInt64) -> String? {
        if let name = known[address] { return name }
        if !isRead { read() }
        let after = partition { $0 > address }
        guard after > 0 else { return nil }
        let name = String(decoding: text[names[after - 1]], as: UTF8.self)
        known[address] = name
        return name
    }

    /// Index of the first address that satisfies `isBeyond`.
    private func partition(_ isBeyond: (UInt64) -> Bool) -> Int {
        var (low, high) = (0, addresses.count)
        while low < high {
            let middle = (low + high) / 2
            if isBeyond(addresses[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Lines `address type name [module]`; functions have type t or T, weak ones w or W. Zero addresses are hidden ones.
    private mutating func read() {
        isRead = true
        text = Self.contents(of: "/proc/kallsyms")
        var functions: [(address: UInt64, name: Range<Int>)] = []
        for line in text.indices.split(whereSeparator: { text[$0] == UInt8(ascii: "\n") }) {
            if let function = function(in: line) { functions.append(function) }
        }
        functions.sort { $0.address < $1.address }
        addresses = functions.map(\.address)
        names = functions.map(\.name)
    }

    private func function(in line: Range<Int>) -> (UInt64, Range<Int>)? {
        let words = line.split(maxSplits: 3) { [UInt8(ascii: " "), UInt8(ascii: "\t")].contains(text[$0]) }
        guard words.count >= 3, words[1].count == 1, "tTwW".utf8.contains(text[words[1].lowerBound]) else { return nil }
        var address: UInt64 = 0
        for digit in text[words[0]] {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            address = address << 4 | UInt64(value)
        }
        return address == 0 ? nil : (address, words[2])
    }

    private static func contents(of path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
