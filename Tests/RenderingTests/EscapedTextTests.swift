// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Rendering

struct EscapedTextTests {
    @Test(arguments: [
        ("fio", "fio"), ("a b/c:d", "a b/c:d"), ("", ""), ("\u{1b}[31mred", "\\x1b[31mred"), ("a\0b", "a\\x00b"),
        ("line\nbreak\r\t", "line\\x0abreak\\x0d\\x09"), ("\u{7f}", "\\x7f"), ("\u{9b}31m", "\\u{9b}31m"),
        ("\u{202e}gpj", "\\u{202e}gpj"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"), ("\u{200b}", "\\u{200b}"),
        ("\u{2028}", "\\u{2028}"), ("\u{e0041}", "\\u{e0041}"), ("\\x1b", "\\\\x1b"), ("größe 日本", "größe 日本"),
        ("\u{feff}a\u{200d}\u{2060}", "\\u{feff}a\\u{200d}\\u{2060}"), ("\u{3164}\u{2800}", "\\u{3164}\\u{2800}"),
        ("a\u{a0}b\u{3000}", "a\\u{a0}b\\u{3000}"), ("e\u{301}", "e\u{301}"), ("\u{301}e", "\\u{301}e"),
        (" \u{20dd}", " \\u{20dd}"), ("\u{ad}\u{61c}", "\\u{ad}\\u{61c}"), ("\u{e000}", "\\u{e000}"),
    ])
    func whatCouldSteerATerminalIsWrittenOut(text: String, expected: String) {
        #expect(EscapedText(text).description == expected)
        #expect(EscapedText(bytes: text.utf8).description == expected)
    }

    @Test func everyControlCharacterIsEscaped() {
        for value in Array(0..<0x20) + Array(0x7f..<0xa0) {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let escaped = EscapedText(String(Character(scalar))).description
            #expect(escaped.hasPrefix("\\") && escaped.allSatisfy { $0.isASCII && $0 >= " " })
        }
    }

    @Test func bytesThatAreNotUTF8AreTold() {
        #expect(EscapedText(bytes: [0x66, 0xff, 0x69]).description == "f\\xffi")
        #expect(EscapedText(bytes: [0xe2, 0x82]).description == "\\xe2\\x82")
        #expect(EscapedText(bytes: [0xc3, 0xa9, 0xc3]).description == "é\\xc3")
        #expect(EscapedText(bytes: [0xed, 0xa0, 0x80]).description == "\\xed\\xa0\\x80")
        #expect(EscapedText(bytes: [0xc0, 0x8a]).description == "\\xc0\\x8a")
    }

    @Test(arguments: [("fio", 3), ("größe", 5), ("日本", 4), ("e\u{301}x", 2), ("한글a", 5), ("😀", 2), ("", 0)])
    func textTakesColumns(text: String, columns: Int) {
        #expect(text.columns == columns)
        #expect(TextLine.padded(text, to: 10).columns == 10)
        #expect(text.prefix(columns: 3).columns <= 3 && text.suffix(columns: 3).columns <= 3)
        #expect(text.prefix(columns: 10) == text && text.suffix(columns: 10) == text)
    }

    @Test func asciiOnlyLeavesNothingElse() {
        #expect(EscapedText("é日", asciiOnly: true).description == "\\u{e9}\\u{65e5}")
    }
}
