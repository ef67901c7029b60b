// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc

/// How procfs names and shows things.
public enum Procfs {
    /// The names in a directory that are numbers, ascending: processes, threads, open files.
    public static func numbers(in directory: String) -> [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap { Int32($0) }.sorted()
    }

    /// Lines of a name, a colon and a value, as in `/proc/PID/fdinfo/N`.
    public static func fields(of text: String) -> [Substring: Substring] {
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1].drop { $0.isWhitespace } }
        }
        return fields
    }

    /// Where a link points to, such as `/proc/PID/fd/N`; invalid UTF-8 is repaired.
    public static func target(of link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(link, &buffer, buffer.count)
        guard length > 0 else { return nil }
        return String(decoding: buffer.prefix(length), as: UTF8.self)
    }
}
