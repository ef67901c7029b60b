// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import Attribution
@testable import DirectIO

/// The tables of points and stages in `Documentation/LifeOfADirectIO.md` are those of the program.
struct DocumentedPointsTests {
    @Test func thePageHasEveryPointAndWhatRecordsIt() throws {
        let expected = LifePoint.rows.map { [Self.code($0.name), $0.sources.map(Self.code).joined(separator: ", ")] }
        let rows = try Self.rows(under: "| point | recorded by |")
        #expect(rows.map { Array($0.prefix(2)) } == expected)
        #expect(rows.allSatisfy { $0.count == 3 && !$0[2].isEmpty })
    }

    @Test func thePageHasEveryStageAndItsBorders() throws {
        let expected = LifePoint.rows.flatMap { point in
            point.begins.map { stage in
                [
                    stage.label, Self.code(stage.name), Self.code(point.name),
                    stage.ends.isEmpty ? "next point" : stage.ends.map { Self.code($0.name) }.joined(separator: ", "),
                    stage.contexts.map { Self.code($0.rawValue) }.joined(separator: ", "),
                    Self.letter(stage.owner), stage.isWait ? "yes" : "",
                ]
            }
        }
        #expect(try Self.rows(under: "| stage | name | from | to |") == expected)
    }

    private static func letter(_ owner: StageRow.Owner) -> String {
        switch owner {
        case .submitter: code(StageContext.task.letter)
        case .device, .unknown: code(StageContext.device.letter)
        case .kworker, .hop: code(StageContext.kworker.letter)
        case .taskWork: code(StageContext.taskWork.letter)
        case .endIO: "of `end_io`"
        case .completion: "of the completion"
        }
    }

    private static func code(_ text: String) -> String { "`\(text)`" }

    /// The cells of the table whose first line begins so.
    private static func rows(under heading: String) throws -> [[String]] {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Documentation/LifeOfADirectIO.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let table = lines.drop { !$0.hasPrefix(heading) }.dropFirst(2).prefix { $0.hasPrefix("|") }
        return table.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
