// SPDX-License-Identifier: GPL-2.0-only

/// What other tools save, and dioscope does not read: by what is in it.
enum OtherTool: String, Sendable {
    case blktrace = "binary output of blktrace"
    case biosnoop = "output of biosnoop"
    case biolatency = "a histogram of biolatency or bpftrace"
    case bpftraceJSON = "JSON of bpftrace"
    case fio = "output of fio"
    case perfReport = "output of perf report"

    init?(of prefix: [UInt8]) {
        // The magic number of a record and its version 7, in either byte order.
        if prefix.starts(with: [0x07, 0x74, 0x61, 0x65]) || prefix.starts(with: [0x65, 0x61, 0x74, 0x07]) {
            self = .blktrace
            return
        }
        let text = String(decoding: prefix.prefix(1 << 14), as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline).prefix(256) {
            guard let tool = Self.tool(of: line) else { continue }
            self = tool
            return
        }
        return nil
    }

    private static func tool(of line: Substring) -> OtherTool? {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard let first = words.first else { return nil }
        if first.hasPrefix("TIME"), words.contains("COMM"), words.contains("SECTOR") || words.contains("BYTES") {
            return .biosnoop
        }
        if first.hasPrefix("{\"type\""), line.contains("\"data\"") { return .bpftraceJSON }
        if first.hasPrefix("@"), line.hasSuffix(":") || line.contains("]: ") { return .biolatency }
        if line.contains(" : count     distribution") { return .biolatency }
        if line.contains("(groupid=") || first.hasPrefix("fio-") { return .fio }
        if line.hasPrefix("# Overhead ") { return .perfReport }
        return nil
    }

    /// What it lacks, and what to do instead.
    var remedy: String {
        switch self {
        case .blktrace:
            "give the text that 'blkparse -i FILE' makes of it, which tells of requests; for direct I/Os and who completed"
                + " them record with dioscope, or with what 'dioscope record --how trace-cmd' prints"
        case .biosnoop:
            "it tells of requests, not of direct I/Os and who completed them: record with dioscope, or with what"
                + " 'dioscope record --how trace-cmd' prints"
        case .biolatency, .perfReport, .fio:
            "it holds sums, not single events: record with dioscope, or with what 'dioscope record --how trace-cmd'"
                + " prints"
        case .bpftraceJSON:
            "its events are the script's own: record with dioscope, or with what 'dioscope record --how trace-cmd'"
                + " prints"
        }
    }
}
