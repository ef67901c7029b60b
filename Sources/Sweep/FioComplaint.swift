// SPDX-License-Identifier: GPL-2.0-only

/// Why fio failed, in its own words.
public enum FioComplaint {
    private static let longest = 160

    /// The line that says most: one with `error=`, else one that begins with `fio:`, else the first.
    ///
    /// - Parameter outputs: untrusted; what is returned still is.
    /// - Returns: `nil` when fio said nothing.
    public static func line(in outputs: [[UInt8]]) -> String? {
        let lines = outputs.flatMap { $0.prefix(1 << 16).split(whereSeparator: { $0 == 10 || $0 == 13 }) }
            .map { String(decoding: $0, as: UTF8.self) }
            .filter { line in !line.hasPrefix("note: ") && line.contains { !$0.isWhitespace } }
        let chosen =
            lines.first { $0.contains("error=") } ?? lines.first { $0.hasPrefix("fio: ") }
            ?? lines.first {
                !$0.hasPrefix("{") && !$0.hasPrefix("}") && !$0.hasPrefix(" ")
            }
        return chosen.map { String(tail(of: $0).prefix(longest)) }
    }

    /// `fio: pid=7, err=28/file:filesetup.c:240, func=write, error=No space left on device`: what follows `error=`.
    private static func tail(of line: String) -> Substring {
        if let range = line.firstRange(of: "error=") { return line[range.upperBound...] }
        return line.hasPrefix("fio: ") ? line.dropFirst(5) : line[...]
    }
}
