// SPDX-License-Identifier: GPL-2.0-only

import Capture
import DirectIO
import Testing

/// Chunks of kind 12.
struct SummaryChunkTests {
    /// Two inline completions: issued, ended, completed.
    private static let sound: [String: String] = [
        "number": "0", "facts": "769", "device": "271581185", "length": "4096", "points": "37", "cpus": "5",
        "issuer": "2", "endContext": "1", "completeContext": "1", "ios": "2", "bytes": "8192", "errors": "0",
        "preempted": "0", "first": "1000", "last": "9000", "longest": "[10,0,90,0,0,5,0,105]",
        "queueWait": "[0,0,0,0,0,0,0,0]", "taskWorkWait": "[0,0,0,0,0,0,0,0]",
        "rows": "[[84,20,0,180,0,0,9,0,2]]", "spreads": "[[10,2],[],[77,2],[],[],[4,1,5,1],[]]",
    ]

    private func chunk(_ changes: [String: String] = [:]) -> [UInt8] {
        let fields = Self.sound.merging(changes) { $1 }.filter { $0.value != "" }
        let json = "{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        return ChunkBytes.chunk(kind: 12, Array(json.utf8))
    }

    private func read(_ chunks: [UInt8]...) throws -> CaptureContents {
        try CaptureContent(ChunkBytes.capture(chunks.flatMap(\.self), ChunkBytes.end(ios: 0))).summary
    }

    @Test func aKindComesBack() throws {
        let summary = try read(chunk())
        #expect(summary.isComplete)
        let kind = try #require(summary.summaries.first)
        #expect(kind.ios == 2 && kind.bytes == 8192)
        #expect(kind.example.issuer == .libaio && kind.example.operation == .write && kind.example.length == 4096)
        #expect(kind.example.device == DeviceNumber(major: 259, minor: 1))
        #expect((kind.example.submitCPU, kind.example.endCPU, kind.example.workerCPU) == (0, 0, nil))
        #expect(kind.example.issued?.nanoseconds(since: kind.example.submitted) == 1)
        #expect(kind.example.ended?.nanoseconds(since: kind.example.submitted) == 1 + 4)
        #expect(kind.example.completed?.nanoseconds(since: kind.example.submitted) == 1 + 4 + 32)
        #expect(kind.example.interrupted == nil && kind.example.workQueued == nil)
        #expect(kind.longest == 105 && kind.longestSteps[2] == 90)
        #expect(kind.total(ofStep: 2) == 180)
        #expect(kind.spreads[5].map(\.ios) == [1, 1])
    }

    @Test func ofAKindTheLastOneCounts() throws {
        let later = [
            "ios": "3", "rows": "[[84,20,0,180,0,0,9,0,3]]", "spreads": "[[10,3],[],[77,3],[],[],[4,1,5,2],[]]",
        ]
        let summary = try read(chunk(), chunk(["number": "1"]), chunk(later))
        #expect(summary.summaries.map(\.ios) == [3, 2])
    }

    @Test(arguments: [
        ["ios": "3"], ["ios": "18446744073709551615"], ["errors": "3"], ["preempted": "3"], ["first": "9001"],
        ["longest": "[1]"], ["queueWait": "[]"], ["rows": "[[84,20]]"], ["rows": "[[1024,20,0,180,0,0,9,0,2]]"],
        ["rows": "[[84,0,0,0,0,0,0,0,1],[84,0,0,0,0,0,0,0,1]]"],
        ["rows": "[[84,0,0,0,0,0,0,0,18446744073709551615],[85,0,0,0,0,0,0,0,3]]"],
        ["spreads": "[]"], ["spreads": "[[10,2],[],[77,2],[],[],[4],[]]"],
        ["spreads": "[[10,2],[],[77,2],[],[],[5,1,4,1],[]]"], ["spreads": "[[10,1],[],[77,2],[],[],[4,1,5,1],[]]"],
        ["points": "39"], ["points": "70000"], ["bytes": "18446744073709551615"], ["facts": ""], ["rows": "7"],
    ])
    func whatDoesNotAddUpIsDamage(changes: [String: String]) throws {
        let summary = try read(chunk(changes))
        #expect(summary.summaries.isEmpty)
        #expect(summary.damage.map(\.problem) == [.json])
        #expect(!summary.isComplete)
    }

    @Test func aReaderKeepsSoManyKinds() throws {
        let chunks = (0..<300).flatMap { chunk(["number": "\($0)"]) }
        let summary = try read(chunks)
        #expect(summary.summaries.count == 256)
        #expect(summary.damageCount == 44)
    }
}
