// SPDX-License-Identifier: GPL-2.0-only

/// Which program wrote a text.
public enum TextFormat: Sendable {
    case ftrace, perf

    /// By the first lines: marks of the programs, or lines that are events of one of them.
    init?(of prefix: [UInt8]) {
        let found: TextFormat?? = prefix.withUnsafeBytes { bytes in
            for line in bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 4096, omittingEmptySubsequences: true) {
                if let format = Self.format(of: UnsafeRawBufferPointer(rebasing: line)) { return format }
            }
            return nil
        }
        guard let format = found.flatMap({ $0 }) else { return nil }
        self = format
    }

    private static func format(of line: UnsafeRawBufferPointer) -> TextFormat? {
        guard let start = line.bindMemory(to: UInt8.self).baseAddress else { return nil }
        let scanner = Scanner(start, start + line.count)
        var probe = scanner
        if probe.skip("# tracer: ") { return .ftrace }
        probe = scanner
        if LineHead.ofFtrace(&probe) != nil { return .ftrace }
        probe = scanner
        if LineHead.ofPerf(&probe) != nil { return .perf }
        return nil
    }
}
