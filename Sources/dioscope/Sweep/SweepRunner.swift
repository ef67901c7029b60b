// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc
import Host
import Input
import Probes
import Recording
import Rendering
import Report
import Selection
import Sweep
import SystemPackage

/// Makes the runs of a sweep, one by one.
final class SweepRunner {
    private let plan: SweepPlan
    private let guardian: Guardian
    private let fio: GuardedFio
    private let switches: Switches
    private let targets: [String: SweptTarget]
    private let interrupts: [String: DeviceInterrupts]
    private let capturePath: (PlannedRun) -> (path: String, isKept: Bool)

    /// fio may take so much longer than its run time.
    private static let graceMilliseconds: UInt64 = 60_000
    /// The slowest disk that lays out a file: 2 MB a second.
    private static let slowestBytesPerMillisecond: UInt64 = 2_000

    /// - Parameter capture: where a run is recorded, and whether that stays.
    init(
        plan: SweepPlan, probes: ProbePlan, guardian: Guardian,
        capture: @escaping (PlannedRun) -> (path: String, isKept: Bool)
    ) {
        self.plan = plan
        self.guardian = guardian
        fio = GuardedFio(guardian: guardian, probes: probes)
        switches = Switches(guardian)
        targets = Dictionary(uniqueKeysWithValues: plan.targets.map { ($0.path, SweptTarget($0, size: plan.size)) })
        interrupts = Dictionary(uniqueKeysWithValues: plan.targets.map { ($0.path, DeviceInterrupts(under: $0.path)) })
        capturePath = capture
    }

    /// What a run came to, with its report as JSON if it was traced.
    struct Result {
        var record: FinishedRun.Record
        var report: [UInt8]?
    }

    /// - Returns: `nil` when the user has stopped it.
    /// - Throws: what no other run would do better.
    func run(_ planned: PlannedRun) throws(Failure) -> Result? {
        var record = FinishedRun.Record(planned: planned, started: HostClock.wall)
        var report: [UInt8]?
        do {
            guard let target = targets[planned.cell.target.path] else { return nil }
            try setSwitches(for: planned.cell)
            let laidOut = try target.prepare(guardian) { words throws(Failure) in
                try fio.quietly(
                    words,
                    milliseconds: Self.graceMilliseconds + plan.size / Self.slowestBytesPerMillisecond)
            }
            if let laidOut { throw RunFailure(reason: laidOut) }
            if Interruption.received != nil { return nil }
            let words = FioJob.run(planned, of: plan, file: target.file)
            if planned.isTraced {
                (record.fio, report, record.submitEndShare) = try traced(planned, words)
            } else {
                record.fio = try fio.untraced(words, milliseconds: fioMilliseconds)
            }
        } catch let failure as Failure {
            throw failure
        } catch let failure as RunFailure {
            record.failure = failure.reason
        } catch {
            record.failure = "\(error)"
        }
        return Interruption.received == nil ? Result(record: record, report: report) : nil
    }

    private func setSwitches(for cell: Cell) throws {
        let toggles = zip(plan.toggles, cell.settings).map { (path: $0.path, value: $1) }
        var places: [(path: String, value: String)] = []
        if let placement = cell.placement, let interrupts = interrupts[cell.target.path] {
            places = interrupts.switches(for: placement)
        }
        let problems = try switches.set(toggles + places)
        // An interrupt may be one whose place the kernel keeps: where it came is in the report.
        for (path, value) in toggles {
            if let problem = problems[path] { throw RunFailure(reason: "cannot write \(value) to \(path): \(problem)") }
        }
    }

    private var fioMilliseconds: UInt64 { (plan.ramp + plan.runtime) / 1_000_000 + Self.graceMilliseconds }

    private func traced(_ planned: PlannedRun, _ words: [String]) throws -> (FioResult, [UInt8], Double?) {
        let capture = capturePath(planned)
        defer { if !capture.isKept { unlink(capture.path) } }
        let result = try fio.traced(words, milliseconds: fioMilliseconds, into: capture.path, isKept: capture.isKept)
        let report = try report(of: capture.path)
        return (result, JSONReport(report, isPretty: false).bytes.dropLast(), submitEndShare(report))
    }

    /// The report on the I/Os after the ramp.
    private func report(of path: String) throws -> Report {
        var wishes = ReportWishes()
        if plan.ramp > 0 {
            var first = UInt64.max
            _ = try reading {
                let ios = try ChosenIOs(path, IOWish(purpose: "sweep"))
                _ = try ios.read(occupancies: { _ in }) { io, _ in first = min(first, io.submitted.nanoseconds) }
            }
            wishes.selection = try IOSelection(parsing: "submitted>=\(first &+ plan.ramp)")
        }
        return try MadeReport(of: path, wishes).report
    }

    private func submitEndShare(_ report: Report) -> Double? {
        let seen = report.placement?.rows.filter { $0.submitCPU != nil && $0.endCPU != nil } ?? []
        let all = seen.reduce(0) { $0 + $1.ios }
        let same = seen.filter { $0.submitCPU == $0.endCPU }.reduce(0) { $0 + $1.ios }
        return all == 0 ? nil : Double(same) / Double(all)
    }
}
