// SPDX-License-Identifier: GPL-2.0-only

/// Names of the kernel's addresses, from a `/proc/kallsyms`. Untrusted text.
struct KernelSymbols {
    private let text: [UInt8]
    /// By address; where the name begins in the text.
    private var symbols: [(address: UInt64, name: Int32)] = []

    static let none = KernelSymbols([])

    /// `ffffffff81000000 T _text`, a line each; those without an address (kptr_restrict) are left out.
    init(_ text: [UInt8]) {
        self.text = text
        guard text.count < Int32.max else { return }
        var position = 0
        while position < text.count {
            let end = text[position...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            add(position, end)
            position = end + 1
        }
        symbols.sort { $0.address < $1.address }
    }

    private mutating func add(_ start: Int, _ end: Int) {
        var address: UInt64 = 0
        var position = start
        while position < end, let digit = hexDigit(text[position]) {
            address = address << 4 | UInt64(digit)
            position += 1
        }
        guard address != 0, position + 3 < end, text[position] == UInt8(ascii: " ") else { return }
        symbols.append((address, Int32(position + 3)))
    }

    var isEmpty: Bool { symbols.isEmpty }

    func contains(_ wanted: String) -> Bool {
        let wanted = Array(wanted.utf8)
        return symbols.contains { name(at: Int($0.name)).elementsEqual(wanted) }
    }

    /// The function that begins at `address`, or at most `slack` bytes before it.
    func name(of address: UInt64, slack: UInt64 = 0) -> String? {
        var low = 0
        var high = symbols.count
        while low < high {
            let middle = (low + high) / 2
            if symbols[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address - symbols[low - 1].address <= slack else { return nil }
        return String(decoding: name(at: Int(symbols[low - 1].name)), as: UTF8.self)
    }

    private func name(at start: Int) -> ArraySlice<UInt8> {
        text[start...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: " ") }
    }
}

@inline(__always)
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
    default: nil
    }
}
