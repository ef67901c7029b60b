// SPDX-License-Identifier: GPL-2.0-only

import Capture
import Comparison
import DirectIO
import FoundationEssentials
import Report
import SystemPackage

/// A file as one run of a comparison, and what was wrong with it: a capture, or a report that `report --json` saved.
struct ComparedRun {
    let run: Run
    private let path: FilePath
    /// `nil` for a saved report.
    private let summary: CaptureSummary?

    /// A report is a few kilobytes; whatever is larger is none.
    private static let largestReport = 16 << 20

    init(_ path: FilePath, blockLength: UInt64) throws(Failure) {
        self.path = path
        if let text = Self.json(at: path) {
            summary = nil
            do {
                run = try SavedReport(json: text, name: path.string).run
            } catch {
                throw Failure(.data, "\(path.string) is no report: \(error.reason)")
            }
            return
        }
        (run, summary) = try reading { () throws -> (Run, CaptureSummary) in
            let reader = try CaptureReader(path: path)
            var builder = RunBuilder(rule: reader.session.completionRule, blockLength: blockLength)
            let summary = try reader.read { builder.add($0) }
            let source = ReportSource(
                session: reader.session, end: summary.end, devices: summary.devices, threads: summary.threads,
                isComplete: summary.isComplete)
            return (builder.finish(name: path.string, source: source, loss: summary.loss), summary)
        }
    }

    /// A cut or damaged capture is told on standard error, and by the exit status.
    func complainOfDamage() throws(Failure) { try summary?.complain(of: path) }

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
