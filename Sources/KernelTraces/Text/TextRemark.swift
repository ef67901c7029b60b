// SPDX-License-Identifier: GPL-2.0-only

/// Lines that stand between events and are none: nothing is lost when they are not read.
enum TextRemark {
    /// A heading, a stack trace, a line of function_graph, or what the programs say of themselves.
    static func isKnown(_ line: Scanner) -> Bool {
        var rest = line
        rest.skipSpaces()
        if rest.isAtEnd || rest.byte == UInt8(ascii: "#") || TextPreamble.isRemark(rest) { return true }
        return isFrame(line, rest) || isGraph(rest) || isRule(rest) || isWarning(rest)
    }

    static func isBlank(_ line: Scanner) -> Bool {
        var rest = line
        rest.skipSpaces()
        return rest.isAtEnd
    }

    /// ` => vfs_write`, `	ffffffffb12d5040 vfs_write+0xa0 ([kernel.kallsyms])`, `	vfs_write+0xa0 ([kernel.kallsyms])`.
    private static func isFrame(_ line: Scanner, _ rest: Scanner) -> Bool {
        var frame = rest
        if frame.skip("=> ") || frame.skip("<stack trace") || frame.skip("<user stack trace") { return true }
        guard rest.count < line.count else { return false }
        let address = frame.hexadecimal() == nil ? 0 : rest.count - frame.count
        if address >= 4, frame.byte == UInt8(ascii: " ") { return true }
        frame = rest
        let symbol = frame.word()
        frame.skipSpaces()
        let isBare = frame.isAtEnd || frame.byte == UInt8(ascii: "(") || frame.byte == UInt8(ascii: "[")
        return isBare && isSymbol(symbol, isIndentedByTab: line.byte == UInt8(ascii: "\t"))
    }

    /// `vfs_write+0xa0`, `vfs_write+0xa0/0x120`; without an offset only where a tab marks perf's frames.
    private static func isSymbol(_ word: UnsafeRawBufferPointer, isIndentedByTab: Bool) -> Bool {
        guard let first = word.first else { return false }
        if first == UInt8(ascii: "[") { return true }
        let isName = word.allSatisfy { byte in
            byte > UInt8(ascii: " ") && byte != UInt8(ascii: "=") && byte != UInt8(ascii: ":") && byte < 0x7f
        }
        return isName && (isIndentedByTab || word.contains(UInt8(ascii: "+")))
    }

    /// ` 0)   0.123 us    |  kfree();`, also with a time or a thread before; ` 1)  fio-211  =>  <idle>-0`.
    private static func isGraph(_ rest: Scanner) -> Bool {
        var graph = rest
        if graph.decimal() != nil, graph.skip(byte: UInt8(ascii: ")")) { return true }
        graph = rest
        guard graph.decimal() != nil, graph.skip(byte: UInt8(ascii: ".")), graph.decimal() != nil else { return false }
        graph.skipSpaces()
        return graph.byte == UInt8(ascii: "|") || graph.skip("us") || graph.skip("ms")
    }

    /// `---------------------------------`, and `--` between the parts that `grep -C` prints.
    private static func isRule(_ rest: Scanner) -> Bool {
        rest.count >= 2
            && rest.rest.allSatisfy { [UInt8(ascii: "-"), UInt8(ascii: "="), UInt8(ascii: "*")].contains($0) }
    }

    private static func isWarning(_ rest: Scanner) -> Bool {
        var rest = rest
        return rest.skip("PERF_RECORD_") || rest.skip("Dumping ftrace buffer") || rest.skip("(ftrace buffer empty)")
    }

    /// `[002] d.h1.   500.000200: `, in the midst of a line.
    static func hasAnotherHead(_ line: Scanner) -> Bool {
        var rest = line
        while rest.skip(through: "[") {
            let digits = rest.count
            guard rest.decimal() != nil, digits - rest.count >= 3, rest.skip(byte: UInt8(ascii: "]")) else { continue }
            rest.skipSpaces()
            if !isDigit(rest.byte) {
                _ = rest.word()
                rest.skipSpaces()
            }
            guard rest.decimal() != nil, rest.skip(byte: UInt8(ascii: ".")), rest.decimal() != nil else { continue }
            if rest.byte == UInt8(ascii: ":") { return true }
        }
        return false
    }

    /// What is left of an event: a CPU, what ours say behind their names, or bytes that are no text. Anything else is
    /// prose.
    static func resemblesEvent(_ line: Scanner) -> Bool {
        if line.rest.contains(where: { $0 < 8 }) { return true }
        var rest = line
        while rest.skip(through: "[") {
            let digits = rest.count
            guard rest.decimal() != nil, digits - rest.count >= 3 else { continue }
            if rest.isAtEnd || rest.byte == UInt8(ascii: "]") { return true }
        }
        rest = line
        if rest.skip(through: "iomap_dio_"), rest.skip(through: ": ") { return true }
        rest = line
        return rest.skip(through: ": work struct")
    }
}
