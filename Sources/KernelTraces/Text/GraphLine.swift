// SPDX-License-Identifier: GPL-2.0-only

/// An event within the text of function_graph, which makes a comment of it:
/// `  590.130410 |   1)    fio-211    |               |  /* iomap_dio_rw_begin: dev 259:0 ... */`. The time and the
/// thread are there with its options funcgraph-abstime and funcgraph-proc.
struct GraphLine {
    var head: LineHead?
    /// Between the marks of the comment.
    var event: Scanner

    /// `nil` when there is no comment in it.
    init?(_ line: Scanner) {
        var comment = line
        guard comment.skip(through: "/* ") else { return nil }
        let before = line.count - comment.count
        guard comment.cut(atLast: " */") else { return nil }
        event = comment
        head = Self.head(Scanner(line.next, line.next + before))
    }

    private static func head(_ text: Scanner) -> LineHead? {
        var text = text
        text.skipSpaces()
        guard let whole = text.decimal(), text.skip(byte: UInt8(ascii: ".")) else { return nil }
        let digits = text.count
        guard let fraction = text.decimal(), digits - text.count == 6 else { return nil }
        text.skipSpaces()
        guard text.skip(byte: UInt8(ascii: "|")) else { return nil }
        text.skipSpaces()
        guard let cpu = text.decimal(), cpu < LineHead.mostCPUs, text.skip(byte: UInt8(ascii: ")")) else { return nil }
        text.skipSpaces()
        var thread = text
        let name = thread.word(until: UInt8(ascii: "|"))
        guard let base = name.bindMemory(to: UInt8.self).baseAddress else { return nil }
        var inside = Scanner(base, base + name.count)
        guard inside.cut(atLast: "-") else { return nil }
        var number = Scanner(base + inside.count + 1, base + name.count)
        guard let thread = number.decimal() else { return nil }
        return LineHead(
            name: inside.rest, thread: UInt32(truncatingIfNeeded: thread), cpu: UInt32(cpu), context: nil,
            time: whole &* 1_000_000_000 &+ fraction &* 1000, precision: 6)
    }
}
