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
        try Self.check(content)
        run = content.run(name: name)
    }
}

extension SavedReport {
    /// What a comparison uses has other names for some stages in it, and is else the same.
    private static let earlierSchema = "dioscope.report/1"

    /// By name there: the stages that have another one now.
    private static let renamed = [
        "submit_and_device": "submit..device", "device_and_completion": "device..submitter_wakeup",
        "submit_to_completion": "submit..submitter_wakeup", "irq_and_hand_off": "irq..hand_off",
        "irq_and_completion": "irq..inline_completion",
    ]

    private static func check(_ content: SavedReportContent) throws(NotAReport) {
        guard content.schema == Report.schema || content.schema == earlierSchema else {
            throw NotAReport(reason: "its schema is '\(content.schema)', expected '\(Report.schema)'")
        }
    }

    /// `nil` when it is unknown.
    static func stage(_ name: String, schema: String) -> Stage? {
        Stage(name: schema == earlierSchema ? renamed[name] ?? name : name)
    }
}

extension SavedReport: Decodable {
    /// One that is part of another JSON object.
    public init(from decoder: any Decoder) throws {
        let content = try SavedReportContent(from: decoder)
        try Self.check(content)
        run = content.run(name: "")
    }

    /// - Parameter name: how the user calls it.
    public func run(named name: String) -> Run {
        var run = run
        run.facts.name = name
        return run
    }
}
