// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import FoundationEssentials
import Report

/// A report that `report --json` saved: one piece, without single I/Os.
public struct SavedReport: Sendable {
    public let run: Run

    /// What it is not.
    public struct NotAReport: Error {
        public let reason: String
    }

    /// - Parameter name: how the user calls it.
    public init(json: Data, name: String) throws(NotAReport) {
        let content: SavedReportContent
        do {
            content = try JSONDecoder().decode(SavedReportContent.self, from: json)
        } catch {
            throw NotAReport(reason: "it is JSON, and not a report that 'report --json' saved")
        }
        guard content.schema == Report.schema else {
            throw NotAReport(reason: "its schema is '\(content.schema)', expected '\(Report.schema)'")
        }
        run = content.run(name: name)
    }
}

extension SavedReport: Decodable {
    /// One that is part of another JSON object.
    public init(from decoder: any Decoder) throws {
        let content = try SavedReportContent(from: decoder)
        guard content.schema == Report.schema else {
            throw NotAReport(reason: "its schema is '\(content.schema)', expected '\(Report.schema)'")
        }
        run = content.run(name: "")
    }

    /// - Parameter name: how the user calls it.
    public func run(named name: String) -> Run {
        var run = run
        run.facts.name = name
        return run
    }
}
