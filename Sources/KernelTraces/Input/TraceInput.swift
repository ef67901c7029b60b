// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// A file that dioscope reads, opened and recognised by what is in it, never by its name: the one place that does so.
public struct TraceInput {
    public enum Content {
        /// A capture of dioscope's own; not read here.
        case capture(OpenFile)
        case traceDat(OpenFile)
        case text(TextFormat, any ByteStream, prefix: [UInt8])
        /// JSON, as `report --json` prints it; not read here.
        case savedReport(any ByteStream)
        /// The log of a sweep: lines of JSON; not read here.
        case savedSweep(any ByteStream)
    }

    public let name: String
    public let content: Content

    /// How much is looked at to recognise it.
    private static let peeked = 1 << 16
    /// And how much of a text that begins with something else, e.g. the log of a boot.
    private static let mostPeeked = 1 << 25

    /// Looks at an open file, plain or packed by gzip or zstd; by xz or bzip2, where these are installed.
    /// - Parameter isCapture: whether a file that begins so is one of dioscope's own.
    public init(_ file: OpenFile, isCapture: ([UInt8]) -> Bool) throws(TraceError) {
        name = file.name
        let first = try PeekedStream(FileStream(file), count: Self.peeked)
        guard !first.prefix.isEmpty else { throw .empty(name) }
        var stream = first
        var isPacked = false
        // Some are packed twice.
        while let unpacked = try Self.unpacker(of: stream, in: file.isRegular && !isPacked ? file : nil, name: name) {
            stream = try PeekedStream(unpacked.stream, count: Self.peeked)
            guard !stream.prefix.isEmpty else { throw .compressed(name, format: unpacked.format) }
            isPacked = true
        }
        content = try Self.content(of: stream, name: name, file: file.isRegular && !isPacked ? file : nil, isCapture)
    }

    /// - Parameter file: that its bytes are in as they are, if one is.
    private static func unpacker(
        of stream: PeekedStream, in file: OpenFile?, name: String
    ) throws(TraceError) -> (stream: any ByteStream, format: String)? {
        if stream.prefix.starts(with: [0x1f, 0x8b]) { return (GzipStream(stream), "gzip") }
        if stream.prefix.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return (ZstdStream(stream), "zstd") }
        guard let tool = OtherTool(packing: stream.prefix), let unpacker = tool.unpacker else { return nil }
        guard let unpacked = ProgramOutput([unpacker, "-dc"], of: try spooled(stream, in: file, name)) else {
            throw .otherTool(name, what: tool.rawValue, remedy: tool.remedy)
        }
        return (unpacked, unpacker)
    }

    /// In a file, if it is in none.
    private static func spooled(
        _ stream: PeekedStream, in file: OpenFile?, _ name: String
    ) throws(TraceError) -> OpenFile {
        if let file { return file }
        let spool = try OpenFile(spoolFor: name)
        try spool.fill(from: stream)
        return spool
    }

    /// What is read at several places goes into a file first, if it is in none.
    private static func content(
        of stream: PeekedStream, name: String, file: OpenFile?, _ isCapture: ([UInt8]) -> Bool
    ) throws(TraceError) -> Content {
        let prefix = stream.prefix
        func spooled() throws(TraceError) -> OpenFile {
            try Self.spooled(stream, in: file, name)
        }
        if prefix.count >= 4, isCapture(prefix) { return .capture(try spooled()) }
        if prefix.starts(with: TraceDatHeader.magic) { return .traceDat(try spooled()) }
        if prefix.starts(with: Array("PERFILE2".utf8)) {
            guard let script = ProgramOutput(perfScript, of: try spooled(), program: "perf.data through perf script")
            else { throw .perfData(name) }
            let peeked = try PeekedStream(script, count: Self.peeked)
            guard !peeked.prefix.isEmpty else { throw .perfData(name) }
            return try perfText(peeked, name: name)
        }
        if OtherTool.isTar(prefix) {
            throw .otherTool(name, what: OtherTool.tar.rawValue, remedy: OtherTool.tar.remedy)
        }
        if prefix.starts(with: Array("{\"sweep\":".utf8)) { return .savedSweep(stream) }
        if let tool = OtherTool(of: prefix), tool == .perfJSON {
            throw .otherTool(name, what: tool.rawValue, remedy: tool.remedy)
        }
        if isJSON(prefix), OtherTool(of: prefix) == nil {
            guard isReport(prefix) else {
                throw .otherTool(name, what: OtherTool.json.rawValue, remedy: OtherTool.json.remedy)
            }
            return .savedReport(stream)
        }
        return try text(plain(stream), name: name)
    }

    /// Every report names its schema first.
    private static func isReport(_ prefix: [UInt8]) -> Bool {
        String(decoding: prefix.prefix(1 << 10), as: UTF8.self).contains("\"schema\"")
    }

    /// `{noformat}` begins otherwise.
    private static func isJSON(_ prefix: [UInt8]) -> Bool {
        let signs = prefix.lazy.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }.prefix(2)
        guard signs.first == UInt8(ascii: "{") else { return false }
        guard signs.dropFirst().allSatisfy({ $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "}") }) else {
            return false
        }
        // A log of one object a line is none.
        let line = prefix.prefix { $0 != UInt8(ascii: "\n") }
        return line.last != UInt8(ascii: "}") || prefix.dropFirst(line.count + 1).first != UInt8(ascii: "{")
    }

    /// Without what a mail, a web page, a terminal or an editor made of it.
    private static func plain(_ stream: PeekedStream) throws(TraceError) -> PeekedStream {
        var stream = stream
        if QuotedPrintable.isIn(stream.prefix) {
            stream = try PeekedStream(QuotedPrintable(stream), count: peeked)
        }
        if let plain = PlainText(stream, prefix: stream.prefix) { stream = try PeekedStream(plain, count: peeked) }
        return stream
    }

    private static func perfText(_ stream: PeekedStream, name: String) throws(TraceError) -> Content {
        do throws(TraceError) {
            return try text(stream, name: name)
        } catch .unknownFormat {
            throw .unsupported(
                name,
                what: "it is a perf.data, and perf script prints no event of it with a CPU and a time: record"
                    + " tracepoints with what 'dioscope record --how perf' prints")
        } catch {
            throw error
        }
    }

    private static let perfScript = ["perf", "script", "--ns", "--header", "-i"]
    private static let remedyOfPerf = "make it with 'perf script --ns -F comm,pid,tid,cpu,time,event,trace'"

    private static func text(_ stream: PeekedStream, name: String) throws(TraceError) -> Content {
        var looked = 0
        while true {
            if let format = TextFormat(of: stream.prefix, from: looked) {
                guard !format.lacksEvents(stream.prefix) else {
                    throw .unsupported(name, what: "its lines lack the event: \(remedyOfPerf)")
                }
                return .text(format, stream, prefix: stream.prefix)
            }
            guard !stream.prefix[looked...].contains(0), stream.prefix.count < mostPeeked else { break }
            looked = stream.prefix.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            guard try stream.look(further: stream.prefix.count) else { break }
        }
        if let tool = OtherTool(of: stream.prefix) {
            throw .otherTool(name, what: tool.rawValue, remedy: tool.remedy)
        }
        if TextFormat.lacksPlace(stream.prefix) {
            throw .unsupported(
                name,
                what: "its lines lack the thread, the CPU or the time: \(remedyOfPerf)")
        }
        if let line = EventMention(in: stream.prefix) {
            throw .unsupported(
                name,
                what: "line \(line.number) has an event (\(line.event)), but no thread, CPU and time in a form that is"
                    + " known: give it as 'perf script --ns', 'trace-cmd report -t' or ftrace's trace prints it")
        }
        throw .unknownFormat(name)
    }
}
