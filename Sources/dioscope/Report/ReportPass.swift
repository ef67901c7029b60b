// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Input
import Page
import Report
import Synchronization

/// What takes in the I/Os of a pass, and makes something of them.
protocol PassBuilder: ~Copyable, Sendable {
    associatedtype Made: Sendable

    mutating func add(_ occupancy: CPUOccupancy)
    mutating func add(_ io: DirectIO, _ known: KnownLife?)
    mutating func add(_ summary: IOSummary)
    mutating func add(_ other: borrowing Self)
    /// What it makes depends on the order of the I/Os: there are more values than are counted.
    var isAtLimit: Bool { get }
    func finish(
        source: ReportSource, loss: [DataLoss], selection: Report.Selection?, thinnedOut: UInt64, clocks: SeenClocks
    ) -> Made
}

extension ReportBuilder: PassBuilder {}
extension PageBuilder: PassBuilder {}

/// One pass over I/Os, by as many threads as are worth while. What it makes is the same however many they are.
struct ReportPass<Builder: PassBuilder & ~Copyable> {
    private let ios: ChosenIOs
    private let wishes: ReportWishes
    private let mostThreads: Int
    private let newBuilder: () -> Builder

    init(_ ios: ChosenIOs, _ wishes: ReportWishes, mostThreads: Int = .max, _ builder: @escaping () -> Builder) {
        self.ios = ios
        self.wishes = wishes
        self.mostThreads = mostThreads
        newBuilder = builder
    }

    func made() throws -> (Builder.Made, SourceSummary) {
        if case let threads = min(ios.threads, mostThreads), threads > 1, let made = try made(threads: threads) {
            return made
        }
        return try made { _, _ in }
    }

    /// By one thread, while somebody else looks at each I/O.
    func made(_ look: (DirectIO, KnownLife?) -> Void) throws -> (Builder.Made, SourceSummary) {
        var builder = newBuilder()
        let summary = try ios.read {
            builder.add($0)
        } each: {
            builder.add($0, $1)
            look($0, $1)
        }
        for sums in summary.summaries { builder.add(sums) }
        return (finish(builder, summary), summary)
    }

    /// - Returns: `nil` when the I/Os have to be taken in order.
    private func made(threads: Int) throws -> (Builder.Made, SourceSummary)? {
        let workers = (0..<threads).map { _ in Worker(newBuilder()) }
        let summary = try ios.read(threads: threads) { number, part in
            try workers[number].builder.withLock { builder in
                try part.read {
                    builder.add($0)
                } each: {
                    builder.add($0, $1)
                }
            }
        }
        guard let summary else { return nil }
        return workers[0].builder.withLock { all in
            for worker in workers.dropFirst() { worker.builder.withLock { all.add($0) } }
            for sums in summary.summaries { all.add(sums) }
            return all.isAtLimit ? nil : (finish(all, summary), summary)
        }
    }

    /// Uncontended: the lock lets threads have a builder each, and their starter have it after them.
    private final class Worker: Sendable {
        let builder: Mutex<Builder>

        init(_ builder: consuming sending Builder) {
            self.builder = Mutex(builder)
        }
    }

    private func finish(_ builder: borrowing Builder, _ summary: SourceSummary) -> Builder.Made {
        let selection = wishes.condition.map { Report.Selection(condition: $0, ofIOs: summary.ios) }
        return builder.finish(
            source: summary.source, loss: summary.loss, selection: selection, thinnedOut: summary.thinnedOut,
            clocks: summary.clocks)
    }
}

extension Report {
    /// Knows when its time axis begins.
    func placed(by summary: SourceSummary) -> Report {
        var report = self
        if let timeline, let began = summary.began, began < timeline.origin {
            report.timeline?.offset = timeline.origin - began
        }
        return report
    }
}
