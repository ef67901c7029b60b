// SPDX-License-Identifier: GPL-2.0-only

/// What other tools save, and dioscope does not read: by what is in it.
enum OtherTool: String, Sendable {
    case blktrace = "binary output of blktrace"
    case biosnoop = "output of biosnoop"
    case iosnoop = "output of iosnoop"
    case perfTrace = "output of perf trace"
    case btt = "output of btt"
    case lttng = "text of an LTTng trace"
    case strace = "output of strace"
    case xz = "packed by xz"
    case bzip2 = "packed by bzip2"
    case zip = "a zip archive"
    case tar = "a tar archive"
    case jsonLines = "lines of JSON"
    case bpftrace = "output of a bpftrace script"
    case biolatency = "a histogram of biolatency or bpftrace"
    case bpftraceJSON = "JSON of bpftrace"
    case perfJSON = "JSON of perf data convert"
    case json = "JSON of another program"
    case fio = "output of fio"
    case perfReport = "output of perf report"
    case traceEvents = "JSON of trace events, as Perfetto and browsers take it"

    init?(of prefix: [UInt8]) {
        // The magic number of a record and its version 7, in either byte order.
        if prefix.starts(with: [0x07, 0x74, 0x61, 0x65]) || prefix.starts(with: [0x65, 0x61, 0x74, 0x07]) {
            self = .blktrace
            return
        }
        if let packing = Self(packing: prefix) {
            self = packing
            return
        }
        let text = String(decoding: prefix.prefix(1 << 14), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).prefix(256)
        for line in lines {
            guard let tool = Self.tool(of: line) else { continue }
            self = tool
            return
        }
        let areObjects = lines.prefix(2).allSatisfy { $0.hasPrefix("{\"") && $0.hasSuffix("}") }
        guard lines.count > 1, areObjects else { return nil }
        self = .jsonLines
    }

    /// By its magic number alone.
    init?(packing prefix: [UInt8]) {
        guard let (_, tool) = Self.packed.first(where: { prefix.starts(with: $0.0) }) else { return nil }
        self = tool
    }

    /// Text in one would look like text.
    static func isTar(_ prefix: [UInt8]) -> Bool {
        prefix.count >= 512 && prefix[257...].starts(with: Array("ustar".utf8))
    }

    private static let packed: [([UInt8], OtherTool)] = [
        ([0xfd] + Array("7zXZ".utf8) + [0], .xz), (Array("BZh".utf8), .bzip2), (Array("PK".utf8) + [3, 4], .zip),
    ]

    /// `fio-3.33`, with which its output begins: not a thread `fio-123`.
    private static func isVersionOfFio(_ word: Substring) -> Bool {
        let version = word.hasPrefix("fio-") ? word.dropFirst(4).split(separator: ".") : []
        return version.count >= 2 && version[0].allSatisfy(\.isNumber)
    }

    /// `   0.154 fio/1234 iomap:iomap_dio_complete(dev: 271581184, ...)`, perhaps with a duration `( 0.002 ms):`.
    private static func isPerfTrace(_ line: Substring, _ words: [Substring]) -> Bool {
        guard words.count >= 3, Double(words[0]) != nil, line.contains("("), line.hasSuffix(")") || line.contains(") =")
        else { return false }
        return words.dropFirst().prefix(5).contains { word in
            let parts = word.split(separator: "/")
            return parts.count >= 2 && parts[parts.count - 1].prefix { $0 != ":" }.allSatisfy(\.isNumber)
        }
    }

    private static func tool(of line: Substring) -> OtherTool? {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard let first = words.first else { return nil }
        if first.hasPrefix("TIME"), words.contains("COMM"), words.contains("SECTOR") || words.contains("BYTES") {
            return .biosnoop
        }
        if first == "\"linux-perf-json-version\":" || first == "\t\"linux-perf-json-version\":" { return .perfJSON }
        if first.hasPrefix("{\"type\""), line.contains("\"data\"") { return .bpftraceJSON }
        if first.hasPrefix("@"), first.hasSuffix(":") || line.hasSuffix(":") || line.contains("]: ") {
            return .biolatency
        }
        if first == "Attaching" || first == "Attached", line.contains(" probe") { return .bpftrace }
        if line.contains(" : count     distribution") { return .biolatency }
        if line.contains("(groupid=") || isVersionOfFio(first) || line.contains("\"fio version\"") { return .fio }
        if line.contains("\"traceEvents\"") { return .traceEvents }
        if line.hasPrefix("# Overhead ") { return .perfReport }
        if words.contains("BLOCK"), words.contains("BYTES"), words.contains("LATms") { return .iosnoop }
        if line.hasPrefix("=====") && line.contains(" All Devices ") { return .btt }
        if line.contains("{ cpu_id = ") { return .lttng }
        if isPerfTrace(line, words) { return .perfTrace }
        if line.hasSuffix(">"), line.contains(") = "), line.contains(" <0.") { return .strace }
        return nil
    }

    /// The program that unpacks it to its standard output; `nil`: that is not done here.
    var unpacker: String? {
        switch self {
        case .xz: "xz"
        case .bzip2: "bzip2"
        default: nil
        }
    }

    /// What it lacks, and what to do instead.
    var remedy: String {
        switch self {
        case .blktrace:
            "give the text that 'blkparse -i FILE' makes of it, which has requests; for direct I/Os and who completed"
                + " them record with dioscope, or with what 'dioscope record --how trace-cmd' prints"
        case .xz, .bzip2: "install \(unpacker ?? rawValue), unpack it, or pack it by gzip or zstd"
        case .zip: "unpack it first"
        case .tar: "unpack it, and give its files one by one"
        case .perfTrace, .perfJSON: "give the output of 'perf script --ns' of the same perf.data"
        case .lttng:
            "it is not read: record with dioscope, or with what 'dioscope record --how trace-cmd' prints"
        case .strace:
            "it has system calls, not of what the kernel does with them: record with dioscope, or with what"
                + " 'dioscope record --how trace-cmd' prints"
        case .biosnoop, .iosnoop:
            "it has requests, not direct I/Os and who completed them: record with dioscope, or with what"
                + " 'dioscope record --how trace-cmd' prints"
        case .biolatency, .perfReport, .fio, .btt:
            "it has sums, not single events: record with dioscope, or with what 'dioscope record --how trace-cmd'"
                + " prints"
        case .jsonLines:
            "give the lines that they wrap as text, e.g. with jq -r .log or jq -r .MESSAGE"
        case .traceEvents, .json: "give what it was made of, or the text in it"
        case .bpftraceJSON, .bpftrace:
            "its events are the script's own: record with dioscope, or with what 'dioscope record --how trace-cmd'"
                + " prints"
        }
    }
}
