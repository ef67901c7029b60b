// SPDX-License-Identifier: GPL-2.0-only

/// Functions by address, each looked up once.
final class SymbolNames {
    let table: NameTable
    private let symbols: KernelSymbols
    private var exact: [UInt64: (KernelFunction, NameID)] = [:]
    private var around: [UInt64: NameID] = [:]
    private var entries: [UInt64: KernelFunction] = [:]
    /// Functions that were looked up by their beginning: those that are probed.
    var probed: Set<String> { Set(entries.values.map(\.rawValue)) }
    var isEmpty: Bool { symbols.isEmpty }
    /// Addresses without a name.
    private(set) var unnamed: UInt64 = 0

    /// A probe sits at a function's first instruction, or behind those that every function begins with.
    private static let entrySlack: UInt64 = 16
    private static let longestFunction: UInt64 = 1 << 16
    private static let most = 1 << 16

    init(_ symbols: KernelSymbols, _ table: NameTable) {
        self.symbols = symbols
        self.table = table
    }

    /// The function that begins at `address`.
    func exact(_ address: UInt64) -> (KernelFunction, NameID) {
        if let known = exact[address] {
            if known.1 == .unknown { unnamed &+= 1 }
            return known
        }
        let name = symbols.name(of: address)
        let found = name.map { (KernelFunction.named($0), table.intern($0)) } ?? (.other, .unknown)
        if exact.count < Self.most { exact[address] = found }
        if found.1 == .unknown { unnamed &+= 1 }
        return found
    }

    /// The function that `address` is in.
    func around(_ address: UInt64) -> NameID {
        if let known = around[address] { return known }
        let name = symbols.name(of: address, slack: Self.longestFunction).map { table.intern($0) } ?? .unknown
        if around.count < Self.most { around[address] = name }
        return name
    }

    /// The function whose beginning is probed at `address`.
    func entry(_ address: UInt64) -> KernelFunction {
        if let known = entries[address] { return known }
        let function = symbols.name(of: address, slack: Self.entrySlack).map { KernelFunction.named($0) } ?? .other
        if entries.count < Self.most { entries[address] = function }
        return function
    }
}
