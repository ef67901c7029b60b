// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// One capture among those of many machines: what is the same in all of its rows, and the SQL by which DuckDB makes
/// Parquet of its CSV. `Documentation/Fleet.md` has the columns.
public struct FleetCapture: Sendable {
    /// What the machine is called: text of the recording, or the user's.
    public let box: String
    /// When it began, nanoseconds since 1970.
    public let started: Int64
    let source: ReportSource
    /// I/Os that a recorded one stands for.
    let weight: Double
    /// It has its end, and nothing was lost.
    let isWhole: Bool

    /// A table, and the folder that it is in.
    public enum Table: String, Sendable, CaseIterable {
        case ios, summaries
    }

    /// - Parameters:
    ///   - box: `nil`: what the recording calls it.
    ///   - ios: how many were recorded.
    /// - Returns: `nil` when it is not known when it was recorded, or where.
    public init?(box: String?, source: ReportSource, loss: [DataLoss], ios: UInt64) {
        guard let started = source.started, let box = box ?? source.host, !box.isEmpty else { return nil }
        (self.box, self.started, self.source) = (box, started, source)
        weight = ios > 0 ? Double(ios &+ loss.sampledOut) / Double(ios) : 1
        isWhole = source.isComplete && !loss.contains { $0.severity == .loss && $0.count > 0 }
    }

    /// Reads CSV from standard input and writes into the folder of `table` in `directory`. The name of a file is that of
    /// the recording's beginning: the same capture once more replaces it.
    public func sql(_ table: Table, into directory: String) -> String {
        let (columns, rows) = table == .ios ? (Self.ioColumns, ioRows) : (FleetSummary.columns, summaryRows)
        let types = columns.map { "\(Self.literal($0.name)): \(Self.literal($0.type))" }.joined(separator: ", ")
        return """
            SET threads = 1;
            COPY (SELECT \(rows) FROM read_csv('/dev/stdin', header = true, auto_detect = false, delim = ',', quote = '"', \
            escape = '"', nullstr = '', columns = {\(types)})) \
            TO \(Self.literal(directory + "/" + table.rawValue)) (FORMAT parquet, COMPRESSION zstd, \
            PARTITION_BY (day, box), OVERWRITE_OR_IGNORE, FILENAME_PATTERN 'recording-\(started)_{i}');
            """
    }

    /// The same in every row.
    private var common: [String] {
        [
            "\(Self.literal(box)) AS box", "\(Self.literal(source.kernel)) AS kernel",
            "\(Self.literal(source.machine)) AS machine",
            "CAST(\(source.cpuCount.map(String.init) ?? "NULL") AS BIGINT) AS cpus",
            "CAST(\(started) AS BIGINT) AS recording_ns", "\(isWhole) AS whole", "CAST(\(weight) AS DOUBLE) AS weight",
        ]
    }

    private var ioRows: String {
        // Times of the capture are of CLOCK_MONOTONIC. Of a part of a life there may be no submission.
        let points = LifePoint.allCases.map { "\"\($0.name)_ns\"" }.joined(separator: ", ")
        let offset = Int128(started) - Int128(source.startedMonotonic ?? 0)
        let moment = "make_timestamp(CAST((coalesce(\(points)) + (\(offset))) // 1000 AS BIGINT))"
        let known = source.devices.map { (number: $0.device.description, name: $0.name, fileSystem: $0.fileSystem) }
        func named(_ name: String, _ values: [(String, String?)], else other: String) -> String {
            let cases = values.compactMap { number, value in
                value.map { "WHEN \(Self.literal(number)) THEN \(Self.literal($0))" }
            }
            let words = cases.isEmpty ? other : "CASE dev \(cases.joined(separator: " ")) ELSE \(other) END"
            return "CAST(\(words) AS VARCHAR) AS \(name)"
        }
        let columns =
            common + ["strftime(\(moment), '%Y-%m-%d') AS day", "\(moment) AS submitted_at"] + [
                named("device", known.map { ($0.number, $0.name) }, else: "dev"),
                named("file_system", known.map { ($0.number, $0.fileSystem) }, else: "NULL"),
            ]
        return (columns + Self.ioColumns.map(\.inFleet)).joined(separator: ", ")
    }

    private var summaryRows: String {
        let start = "make_timestamp(CAST(\(started / 1000) AS BIGINT))"
        let seconds = source.duration.map { "\(Double($0) / 1e9)" } ?? "NULL"
        let columns =
            common + [
                "strftime(\(start), '%Y-%m-%d') AS day", "\(start) AS started_at",
                "CAST(\(seconds) AS DOUBLE) AS seconds",
            ]
        return (columns + FleetSummary.columns.map(\.inFleet)).joined(separator: ", ")
    }

    struct Column {
        let name: String
        /// As DuckDB calls it.
        let type: String

        /// Spark has no unsigned numbers: what does not fit is in no capture that is not corrupt. Words of SQL are no names
        /// of columns.
        var inFleet: String {
            let value = type == "UBIGINT" ? "TRY_CAST(\"\(name)\" AS BIGINT)" : "\"\(name)\""
            return "\(value) AS \"\(name == "offset" || name == "length" ? name + "_bytes" : name)\""
        }
    }

    private static let ioColumns = CSVExport.columnTypes.map { Column(name: $0.name, type: $0.type) }

    private static func literal(_ text: String?) -> String {
        guard let text else { return "CAST(NULL AS VARCHAR)" }
        return "'"
            + EscapedText(text).description.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "''") + "'"
    }
}
