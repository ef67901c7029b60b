// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Probes

struct KernelSymbolsTests {
    @Test func anAddressIsOfTheFunctionThatBeginsBefore() {
        var symbols = KernelSymbols(
            text: """
                ffffffff81000000 T _stext
                ffffffff81000040 t first\t[module]
                ffffffff81000050 d data
                not a line
                ffffffff81000100 W second

                """)
        #expect(symbols.name(of: 0xffff_ffff_8100_0040) == "first")
        #expect(symbols.name(of: 0xffff_ffff_8100_00ff) == "first")
        #expect(symbols.name(of: 0xffff_ffff_8100_0100) == "second")
        #expect(symbols.name(of: 0xffff_ffff_8000_0000) == nil)
    }

    @Test func hiddenAddressesNameNothing() {
        var symbols = KernelSymbols(text: "0000000000000000 T _stext\n0000000000000000 T first\n")
        #expect(symbols.name(of: 0xffff_ffff_8100_0040) == nil)
    }
}
