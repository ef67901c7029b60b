// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// Why a trace cannot be read at all: what, where, what was expected, what to do. One line each.
public enum TraceError: Error, Hashable, Sendable, CustomStringConvertible {
    case cannotOpen(String, errno: Int32)
    case cannotRead(String, errno: Int32)
    case isDirectory(String)
    case empty(String)
    /// perf's own binary file.
    case perfData(String)
    case unknownFormat(String)
    /// A part of a trace.dat without which nothing can be read.
    case damagedHeader(String, offset: UInt64, expected: String)
    case unsupported(String, what: String)
    /// What another tool saved, and what to do instead.
    case otherTool(String, what: String, remedy: String)
    case noSpool(String, errno: Int32)
    case compressed(String, format: String)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let errno): "cannot open \(path): \(Self.text(errno))"
        case .cannotRead(let path, let errno): "cannot read \(path): \(Self.text(errno))"
        case .isDirectory(let path): "\(path) is a directory, a capture or a trace was expected"
        case .empty(let path): "\(path) is empty, a capture or a trace was expected"
        case .perfData(let path):
            // The same whether there is no perf here, or one that cannot read it.
            "\(path) is a perf.data file that perf here, if any, cannot read: give the output of"
                + " 'perf script --ns -i \(path)' from where it was recorded"
        case .unknownFormat(let path):
            "\(path) is not a capture, nor a trace.dat, nor text of ftrace, trace-cmd report or perf script"
        case .damagedHeader(let path, let offset, let expected):
            "\(path) is damaged at byte \(offset): expected \(expected); record or copy it again"
        case .unsupported(let path, let what): "\(path) cannot be read: \(what)"
        case .otherTool(let path, let what, let remedy): "\(path) is \(what): \(remedy)"
        case .noSpool(let path, let errno):
            "cannot unpack \(path) into a temporary file: \(Self.text(errno)); set TMPDIR to a place with room"
        case .compressed(let path, let format): "\(path) is no whole \(format) stream: unpack it to see what it is"
        }
    }

    private static func text(_ errno: Int32) -> String { String(cString: strerror(errno)) }
}

/// One place where a trace is not as it was written.
public struct TraceDamage: Hashable, Sendable, CustomStringConvertible {
    /// In bytes from the start of the file.
    public var offset: UInt64
    public var problem: String

    public var description: String { "byte \(offset): \(problem)" }
}

/// Findings of damage: the first 256, and how many there are.
struct TraceDamages {
    private(set) var findings: [TraceDamage] = []
    private(set) var count = 0

    mutating func add(_ problem: String, at offset: UInt64) {
        count += 1
        if findings.count < 256 { findings.append(TraceDamage(offset: offset, problem: problem)) }
    }
}
