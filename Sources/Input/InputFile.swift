// SPDX-License-Identifier: GPL-2.0-only

import Capture
import KernelTraces

/// A file that dioscope reads, by what is in it.
enum InputFile {
    /// A capture or a trace.
    case ios(any IOSource)
    /// A report that `report --json` saved: untrusted.
    case savedReport([UInt8])
    /// The log of a sweep: untrusted.
    case savedSweep([UInt8])

    /// A report is a few kilobytes.
    private static let largestReport = 16 << 20
    private static let largestSweep = 1 << 30

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - again: whether its I/Os are to be read more than once.
    init(_ path: String, again: Bool, _ listener: (any ReadingListener)?) throws {
        var file = try OpenFile(path: path)
        // What is packed or comes by a pipe may go into a file first.
        let input = try listener.showing(file) {
            if again, !file.isRegular {
                let spool = try OpenFile(spoolFor: file.name)
                try spool.fill(from: file)
                file = spool
            }
            return try TraceInput(file, isCapture: { CaptureReader.recognises($0) })
        }
        switch input.content {
        case .capture(let file): self = .ios(try CaptureIOs(file, listener))
        case .traceDat, .text: self = .ios(try TraceIOs(file, first: input, listener))
        case .savedReport(let stream): self = .savedReport(try Self.content(of: stream, path, Self.largestReport))
        case .savedSweep(let stream): self = .savedSweep(try Self.content(of: stream, path, Self.largestSweep))
        }
    }

    private static func content(of stream: any ByteStream, _ path: String, _ most: Int) throws -> [UInt8] {
        guard let content = try stream.content(atMost: most) else { throw InputError.tooLarge(path, mostBytes: most) }
        return content
    }
}

/// What a user calls by its name and a verb takes for one run: single I/Os, or a saved report.
public enum RunInput {
    case ios(ChosenIOs)
    case savedReport([UInt8])

    /// - Parameter wish: of the I/Os, where it has them.
    public init(_ path: String, _ wish: IOWish, _ listener: (any ReadingListener)?) throws {
        switch try InputFile(path, again: wish.needsPasses, listener) {
        case .ios(let source): self = .ios(try ChosenIOs(source, path, wish))
        case .savedReport(let content): self = .savedReport(content)
        case .savedSweep: throw InputError.savedSweep(path)
        }
    }
}

/// The content of the log of a sweep; untrusted.
public func savedSweep(_ path: String) throws -> [UInt8] {
    do {
        if case .savedSweep(let content) = try InputFile(path, again: false, nil) { return content }
    } catch TraceError.unknownFormat, TraceError.empty {
        // Another verb would say more of what it expected.
    }
    throw InputError.notASweep(path)
}
