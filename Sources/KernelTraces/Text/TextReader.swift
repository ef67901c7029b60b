// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Reads the text of ftrace, trace-cmd report or perf script, once.
public final class TextReader: TraceReader {
    public let description: TraceDescription
    public let names = NameTable()
    public let calls = ProbeCalls()
    private let format: TextFormat
    private let stream: any ByteStream
    /// `nil`: lines are not wrapped.
    private let wrapping: WrappedLines.Manner?
    private let hasBuffers: Bool
    private let marks: LineMarks
    /// Events that are alike in all are one.
    private let looksForCopies: Bool
    private let repeated: RepeatedText
    private let cutColumn: Int?
    public var stop: ReadingStop?

    /// - Parameter prefix: the beginning of the text, where programs describe the machine.
    public init(_ format: TextFormat, _ stream: any ByteStream, prefix: [UInt8]) {
        self.format = format
        self.stream = stream
        marks = LineMarks(of: prefix, format)
        let times = TextTimes(of: prefix, format)
        description = TextPreamble.description(of: format, prefix, by: stream.program, marks, times)
        hasBuffers = TextPreamble.hasBuffers(prefix)
        wrapping = WrappedLines.Manner(
            of: prefix,
            TextParser(format, NameTable(), TextDecoder(NameTable(), ProbeCalls(), flagBits: IOFlagBits())))
        looksForCopies = !times.isCoarse
        // Where lines go on in the next one, nothing is cut off.
        cutColumn = wrapping == nil ? CutColumn.find(prefix, format) : nil
        repeated = RepeatedText(multiple: looksForCopies ? RepeatedText.multiple(format, prefix) : nil)
    }

    public func read(_ each: (borrowing KernelEvent) throws -> Void) throws -> TraceContents {
        var bits = IOFlagBits()
        // Among kernels that name neither, only those before 6.19 have bit 23, and libaio sets it.
        bits.libaio = description.completionRule == .flaggedWork ? 1 << 22 : 1 << 23
        var lines = LineReader(stream, stop: stop)
        var parser = TextParser(
            format, names, TextDecoder(names, calls, flagBits: bits), machines: description.machines,
            hasBuffers: hasBuffers, marks: marks, times: description.times, repeated: repeated, cutColumn: cutColumn)
        var window = ReorderWindow(calls, looksForCopies: looksForCopies)
        if let wrapping {
            var wrapped = WrappedLines(wrapping)
            while let line = try lines.next() {
                for event in wrapped.add(line, &parser) { try window.add(event, each) }
            }
            if let event = wrapped.finish(&parser) { try window.add(event, each) }
        } else {
            while let line = try lines.next() {
                if let event = parser.event(of: line) { try window.add(event, each) }
            }
        }
        try window.finish(each)
        let cut = lines.cut ?? (parser.isCut(lines.unended) ? "the last line is cut off" : nil)
        return parser.finish(cut: cut, at: lines.offset, window)
    }
}
