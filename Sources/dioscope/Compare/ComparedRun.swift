// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import Comparison
import DirectIO
import FoundationEssentials
import Selection
import Sweep
import SystemPackage

/// A file as one run of a comparison, and what was wrong with it: a capture or trace, or a report that `report --json`
/// saved.
struct ComparedRun {
    let run: Run
    /// `nil` for a saved report.
    private let summary: SourceSummary?

    /// A report is a few kilobytes; whatever is larger is none.
    private static let largestReport = 16 << 20

    /// - Parameter selection: which of its I/Os; `nil`: all.
    init(_ path: FilePath, blockLength: UInt64, _ selection: IOSelection?) throws(Failure) {
        if let text = Self.json(at: path) {
            guard selection == nil else {
                throw Failure(.data, "\(path.string): --where needs captures: a saved report has no single I/Os")
            }
            guard !SweepLog.isSweep(text) else {
                throw Failure(
                    .data, "\(path.string) is a saved sweep, not a run",
                    hint: "lay two of them side by side: dioscope sweep --show NEW --base OLD")
            }
            summary = nil
            do {
                run = try SavedReport(json: text, name: path.string).run
            } catch {
                throw Failure(.data, "\(path.string) is no report: \(error.reason)")
            }
            return
        }
        let reader = try IOSources.open(path.string, again: selection != nil, wanting: "comparing")
        (run, summary) = try reading { () throws -> (Run, SourceSummary) in
            var builder = RunBuilder(rule: reader.rule, blockLength: blockLength)
            let names = try Self.names(in: reader, for: selection)
            let summary = try reader.read { io in
                guard reader.thinning?.keeps(io) ?? true else { return }
                let life = AttributedLife(io, rule: reader.rule)
                if selection?.contains(Subject(io, life, names)) ?? true { builder.add(io, life) }
            }
            let run = builder.finish(
                name: path.string, source: summary.source, loss: summary.loss, selection: selection?.text)
            return (run, summary)
        }
    }

    /// Names may come after the I/Os that a selection asks them of: a pass of its own.
    private static func names(in reader: any IOSource, for selection: IOSelection?) throws -> RecordedNames {
        guard selection != nil else { return RecordedNames() }
        let summary = try reader.read { _ in }
        return RecordedNames(threads: summary.threads, devices: summary.source.devices)
    }

    /// A cut or damaged capture is told on standard error, and by the exit status.
    func complainOfDamage() throws(Failure) { try summary?.complain() }

    /// The content of a file that begins as a JSON object does. Anything else is for the reader of captures to name.
    private static func json(at path: FilePath) -> Data? {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) else {
            return nil
        }
        defer { try? file.close() }
        var content = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while content.count <= largestReport {
            guard let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 else { break }
            content.append(contentsOf: buffer[..<count])
            let first = content.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
            guard first == UInt8(ascii: "{") else { return nil }
        }
        return content.isEmpty || content.count > largestReport ? nil : content
    }
}
