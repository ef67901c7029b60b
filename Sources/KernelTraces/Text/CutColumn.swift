// SPDX-License-Identifier: GPL-2.0-only

/// Where a terminal, a mail program or `cut -c` ended all longer lines of a text. A number that ends there may lack digits.
struct CutColumn {
    private let format: TextFormat
    private let events = EventNames()
    private var decoder = TextDecoder(NameTable(), ProbeCalls(), flagBits: IOFlagBits())
    /// Kinds of events that have a line of that length, and lines that are not whole.
    private var kinds: Set<EventKind> = []
    private var broken = 0

    private static let mostLines = 4096
    private static let fewest = 4
    private static let fewestBroken = 2

    /// Bytes of a cut line; `nil`: lines end where their events do.
    static func find(_ text: [UInt8], _ format: TextFormat) -> Int? {
        text.withUnsafeBytes { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: mostLines).dropLast()
            let longest = lines.lazy.map(\.count).max() ?? 0
            let cut = lines.filter { $0.count == longest }
            let nearly = lines.count { (longest - 4..<longest).contains($0.count) }
            guard cut.count >= max(fewest, 4 * nearly) else { return nil }
            var column = CutColumn(format: format)
            for line in cut { column.add(UnsafeRawBufferPointer(rebasing: line)) }
            return column.broken >= fewestBroken && column.kinds.count > 1 ? longest : nil
        }
    }

    private init(format: TextFormat) { self.format = format }

    private mutating func add(_ line: UnsafeRawBufferPointer) {
        guard var rest = Scanner(line), let head = format.headBehindMarks(&rest),
            let kind = events.kind(of: rest.word(until: UInt8(ascii: ":")))?.kind
        else { return }
        kinds.insert(kind)
        rest.skip(1)
        rest.skipSpaces()
        if isBroken(kind, rest, head.thread) { broken += 1 }
    }

    private mutating func isBroken(_ kind: EventKind, _ text: Scanner, _ thread: UInt32) -> Bool {
        var text = text
        switch kind {
        case .dioBegin, .taskSwitch: return decoder.body(kind, &text, thread: thread) == nil
        case .workQueue: return text.skip("work struct=") && !text.skip(through: " cpu=")
        case .bioQueue, .requestMade, .requestInsert, .requestIssue, .requestComplete:
            return format != .blkparse && text.rest.last != UInt8(ascii: "]")
        default: return false
        }
    }
}
