// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Probes

struct KernelSymbolsTests {
    @Test func anAddressIsOfTheFunctionThatBeginsThere() {
        var symbols = KernelSymbols(
            text: """
                ffffffff81000000 T _stext
                ffffffff81000050 d data
                ffffffff81000050 t behind_data
                ffffffffc1000040 t first\t[module]
                not a line
                ffffffff81000100 t ffffffffc1000040
                ffffffff81000200 W last
                """)
        #expect(symbols.name(of: 0xffff_ffff_8100_0000) == "_stext")
        #expect(symbols.name(of: 0xffff_ffff_8100_0050) == "behind_data")
        #expect(symbols.name(of: 0xffff_ffff_c100_0040) == "first")
        #expect(symbols.name(of: 0xffff_ffff_8100_0200) == "last")
        #expect(symbols.name(of: 0xffff_ffff_8100_0200) == "last")
        #expect(symbols.name(of: 0xffff_ffff_8100_0041) == nil)
    }

    @Test func everyFunctionOfManyIsFound() {
        let addresses = (1...1000).map { 0xffff_ffff_8100_0000 + UInt64($0) * 32 }
        let modules = (1...100).reversed().map { 0xffff_ffff_c000_0000 + UInt64($0) * 64 }
        let text = (addresses + modules).map { "\(String($0, radix: 16)) t f\($0 & 0xffff_ffff)\n" }.joined()
        var symbols = KernelSymbols(text: "0000000000000000 A percpu\n" + text)
        for address in addresses + modules {
            #expect(symbols.name(of: address) == "f\(address & 0xffff_ffff)")
            #expect(symbols.name(of: address + 1) == nil)
        }
    }

    @Test func hiddenAddressesNameNothing() {
        var symbols = KernelSymbols(text: "0000000000000000 T _stext\n0000000000000000 T first\n")
        #expect(symbols.name(of: 0xffff_ffff_8100_0040) == nil)
    }
}
