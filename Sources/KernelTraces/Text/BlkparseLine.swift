// SPDX-License-Identifier: GPL-2.0-only

/// A line of blkparse's default format: `259,0    3        1     0.000000000 37801  Q  WS 498455480 + 8 [fio]`: the
/// device, CPU, number, time, thread, what happens, with what.
struct BlkparseLine {
    let head: LineHead
    /// `Q`, `G`, `D`, `C` and others.
    let action: UInt8
    /// `nil` where it has no sector.
    private(set) var block: BlockRange?
    /// Where it was before it was remapped.
    private var source: BlockSource?

    init?(_ line: Scanner) {
        var line = line
        line.skipSpaces()
        guard let device = line.device(),
            let cpu = Self.column(&line), cpu < LineHead.mostCPUs, Self.column(&line) != nil,
            let seconds = Self.column(&line),
            line.skip(byte: UInt8(ascii: ".")), case let start = line.next, let fraction = line.decimal(),
            line.next - start == 9, let thread = Self.column(&line)
        else { return nil }
        line.skipSpaces()
        let action = line.word()
        guard let letter = action.first, action.count <= 2, letter >= UInt8(ascii: "A") else { return nil }
        head = LineHead(
            name: UnsafeRawBufferPointer(start: nil, count: 0), thread: UInt32(truncatingIfNeeded: thread),
            cpu: UInt32(cpu), context: nil, time: seconds &* 1_000_000_000 &+ fraction, precision: 9)
        self.action = action.count == 1 ? letter : 0
        block = Self.block(device, &line)
        if letter == UInt8(ascii: "C") { block?.takeError(&line) }
        if letter == UInt8(ascii: "A") { source = BlockSource(&line) }
    }

    private static func column(_ line: inout Scanner) -> UInt64? {
        line.skipSpaces()
        return line.decimal()
    }

    /// Without sectors, e.g. of a flush, `FWS [fsync]`, and of one that is done `FN 0 [0]`; a request that is passed
    /// through has its bytes instead, `R 36 (12 00 00 00 24 00 ..) [udevd]`.
    private static func block(_ device: UInt32, _ line: inout Scanner) -> BlockRange? {
        line.skipSpaces()
        let letters = line.word()
        line.skipSpaces()
        let sector = line.decimal()
        guard sector != nil, line.skip(" + ") else {
            line.skipSpaces()
            guard line.byte == UInt8(ascii: "[") || line.byte == UInt8(ascii: "(") else { return nil }
            return BlockRange(device: device, sector: 0, sectors: 0, letters: letters)
        }
        guard let sector, let sectors = line.decimal() else { return nil }
        return BlockRange(
            device: device, sector: sector, sectors: UInt32(truncatingIfNeeded: sectors), letters: letters)
    }

    /// What of the kernel's it is, by its name and ours.
    var kind: EventKind? {
        switch action {
        case UInt8(ascii: "Q"): .bioQueue
        case UInt8(ascii: "A"): .bioRemap
        case UInt8(ascii: "G"): .requestMade
        case UInt8(ascii: "I"): .requestInsert
        case UInt8(ascii: "D"): .requestIssue
        case UInt8(ascii: "R"): .requestRequeue
        case UInt8(ascii: "C"): .requestComplete
        default: nil
        }
    }

    var body: KernelEvent.Body? {
        guard let kind, let block else { return nil }
        switch kind {
        case .bioQueue: return .bioQueue(block)
        case .bioRemap: return source.map { .bioRemap(block, from: $0) }
        case .requestMade: return .requestMade(block)
        case .requestInsert: return .requestInsert(block)
        case .requestIssue: return .requestIssue(block)
        case .requestRequeue: return .requestRequeue(block)
        default: return .requestComplete(block)
        }
    }
}
