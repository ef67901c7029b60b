// SPDX-License-Identifier: GPL-2.0-only

/// Names of kernel functions by address, from `/proc/kallsyms`.
///
/// The kernel takes tens of milliseconds to print it: it is read at once, before a recording that it would disturb, and
/// looked into when the first name is asked for.
struct KernelSymbols {
    /// Addresses of functions in ascending order, and where in `text` their names are.
    private var addresses: [UInt64] = []
    private var names: [Range<Int>] = []
    private let text: [UInt8]
    private var isParsed = false
    private var known: [UInt64: String] = [:]

    /// Those of the running kernel.
    init() {
        text = contents(ofKernelFile: "/proc/kallsyms") ?? []
    }

    init(text: String) {
        self.text = Array(text.utf8)
    }

    /// The function that begins at or before `address`; `nil` when addresses are hidden.
    mutating func name(of address: UInt64) -> String? {
        if let name = known[address] { return name }
        if !isParsed { parse() }
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
    private mutating func parse() {
        isParsed = true
        var functions: [(address: UInt64, name: Range<Int>)] = []
        var start = 0
        while let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let function = function(in: start..<end) { functions.append(function) }
            start = end + 1
        }
        functions.sort { $0.address < $1.address }
        addresses = functions.map(\.address)
        names = functions.map(\.name)
    }

    private func function(in line: Range<Int>) -> (UInt64, Range<Int>)? {
        // Sixteen digits, a blank, the type, a blank, the name.
        guard line.count > 19, "tTwW".utf8.contains(text[line.lowerBound + 17]) else { return nil }
        guard let address = address(in: line.prefix(16)), address > 0 else { return nil }
        let name = line.dropFirst(19).prefix { text[$0] != UInt8(ascii: "\t") }
        return (address, name)
    }

    private func address(in digits: Range<Int>) -> UInt64? {
        var address: UInt64 = 0
        for digit in text[digits] {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): address = address << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): address = address << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return address
    }
}
