// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import KernelTraces

@testable import Joiner

/// A text of `captures/odd`, or another, joined: what is in it and what was lost.
struct OddText {
    var ios: [[DirectIO]] = []
    var counts = JoinCounts()
    var summary: TraceContents
    var description: TraceDescription
    var threads: Set<String> = []
    var others: [OtherRequests] = []
    var followUps: [FollowUp] = []

    init(_ name: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../captures/odd/\(name).text").path(percentEncoded: false)
        try self.init(OpenFile(path: path))
    }

    init(_ file: OpenFile) throws {
        let input = try TraceInput(file) { _ in false }
        guard case .text(let format, let stream, let prefix) = input.content else {
            throw TraceError.unknownFormat(file.name)
        }
        let reader = TextReader(format, stream, prefix: prefix)
        let machines = max(1, reader.description.machines.count)
        var joiners = (0..<machines).map {
            Joiner(rule: reader.description.completionRule, machine: UInt8($0), reader: reader)
        }
        var ios = [[DirectIO]](repeating: [], count: machines)
        summary = try reader.read { event in
            let machine = Int(event.machine)
            joiners[machine].add(event) { ios[machine].append($0) }
        }
        for machine in joiners.indices { joiners[machine].finish { ios[machine].append($0) } }
        self.ios = ios
        counts = joiners.reduce(JoinCounts()) { $0 + $1.counts }
        description = reader.description
        threads = Set(joiners.flatMap { $0.threads.values.map(\.name) })
        others = joiners.flatMap(\.otherRequests)
        followUps = joiners.flatMap(\.followUps)
    }

    /// Those of all machines.
    var all: [DirectIO] { ios.flatMap(\.self) }

    var losses: [String] {
        (counts.loss(queueingSeen: true, startsSeen: true) + summary.loss).filter { $0.severity == .loss }
            .map(\.what)
    }

    static func microseconds(_ ios: [DirectIO], _ first: LifePoint, _ last: LifePoint) -> [UInt64?] {
        ios.map { io in io[first].flatMap { start in io[last].map { ($0.nanoseconds - start.nanoseconds) / 1000 } } }
    }
}
