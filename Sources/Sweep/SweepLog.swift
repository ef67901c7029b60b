// SPDX-License-Identifier: GPL-2.0-only

import Comparison
import FoundationEssentials

/// A saved sweep: a line of JSON for what it is, then one for each run as it ended. Appended to and never rewritten, so
/// that whatever stops a sweep leaves all but the run under way.
public struct SweepLog: Sendable {
    /// Name and version of the file; the number rises when a reader would have to change.
    public static let schema = "dioscope.sweep-log/1"

    public var header: Header
    /// In the order in which they were made.
    public var runs: [FinishedRun]
    /// Bytes of the whole lines: what follows was cut off.
    public var length: Int

    /// What was swept, where.
    public struct Header: Codable, Equatable, Sendable {
        public var schema: String
        public var recorder: String
        public var host: String
        public var kernel: String
        public var machine: String
        public var cpus: Int
        public var fio: String
        /// Nanoseconds since 1970.
        public var started: Int64
        public var plan: SweepPlan

        public init(
            recorder: String, host: String, kernel: String, machine: String, cpus: Int, fio: String, started: Int64,
            plan: SweepPlan
        ) {
            schema = SweepLog.schema
            self.recorder = recorder
            self.host = host
            self.kernel = kernel
            self.machine = machine
            self.cpus = cpus
            self.fio = fio
            self.started = started
            self.plan = plan
        }
    }

    /// What is wrong with a saved sweep; one line without the file's name.
    public struct Problem: Error, Equatable {
        public let reason: String
    }

    private struct Line: Decodable {
        var sweep: Header?
        var run: FinishedRun.Record?
        var report: SavedReport?
    }

    /// Whether a file that begins so is a saved sweep, damaged or not.
    public static func isSweep(_ beginning: some Sequence<UInt8>) -> Bool {
        beginning.starts(with: Array("{\"sweep\":".utf8))
    }

    /// - Parameter content: untrusted. A last line without an end was cut off, and is passed over.
    public init(_ content: [UInt8]) throws(Problem) {
        var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let cut = lines.popLast()?.count ?? 0
        length = content.count - cut
        guard let first = lines.first, let header = try Self.line(first, 1).sweep else {
            throw Problem(reason: "it does not begin as a saved sweep does")
        }
        guard header.schema == Self.schema else {
            throw Problem(reason: "its schema is '\(header.schema)', expected '\(Self.schema)'")
        }
        if let problem = header.plan.problem { throw Problem(reason: "line 1: \(problem)") }
        self.header = header
        runs = []
        for (index, line) in lines.enumerated().dropFirst() {
            let found = try Self.line(line, index + 1)
            guard let record = found.run else { throw Problem(reason: "line \(index + 1): expected a run") }
            runs.append(FinishedRun(record: record, report: found.report))
        }
    }

    private static func line(_ bytes: ArraySlice<UInt8>, _ number: Int) throws(Problem) -> Line {
        do {
            return try JSONDecoder().decode(Line.self, from: Data(bytes))
        } catch {
            throw Problem(reason: "line \(number) is not a line of a saved sweep")
        }
    }

    /// What has yet to be made, in order: runs that failed are made again.
    public var remaining: [PlannedRun] {
        let done = Set(runs.filter { $0.record.failure == nil }.map(\.record.planned))
        return header.plan.runs.filter { !done.contains($0) }
    }

    /// The first line.
    public static func line(_ header: Header) -> [UInt8] { encoded("sweep", header) + Array("}\n".utf8) }

    /// - Parameter report: a report as JSON without line breaks, of a traced run.
    public static func line(_ record: FinishedRun.Record, report: [UInt8]?) -> [UInt8] {
        var line = encoded("run", record)
        if let report { line += Array(",\"report\":".utf8) + report }
        return line + Array("}\n".utf8)
    }

    private static func encoded(_ name: String, _ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array("{\"\(name)\":".utf8) + ((try? encoder.encode(value)) ?? Data())
    }
}
