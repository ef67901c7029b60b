// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc
import Host
import Probes
import Recording
import Sweep
import SystemPackage

/// Runs of fio that a guard watches over: none outlives the sweep, nor its time.
final class GuardedFio {
    private let guardian: Guardian
    private let probes: ProbePlan
    private let countsJobs: Bool
    /// When the last recording ended, in nanoseconds.
    private var recordingEnd: UInt64?

    /// The kernel frees the programs and maps of a recording when all CPUs have let go of them, a few tenths of a second
    /// after it: that would be in the middle of the next run.
    private static let settling: UInt64 = 1_000_000_000

    /// - Parameter countsJobs: fio may report several jobs, whose figures are added up.
    init(guardian: Guardian, probes: ProbePlan, countsJobs: Bool = false) {
        self.guardian = guardian
        self.probes = probes
        self.countsJobs = countsJobs
    }

    func untraced(_ words: [String], milliseconds: UInt64) throws -> FioResult {
        if let recordingEnd {
            let passed = HostClock.monotonic - recordingEnd
            if passed < Self.settling { usleep(UInt32((Self.settling - passed) / 1000)) }
        }
        let fio = try FioProcess()
        defer { fio.close() }
        let status = try follow(try start(fio, words, milliseconds: milliseconds))
        return try result(of: fio, status)
    }

    /// - Returns: why it failed.
    func quietly(_ words: [String], milliseconds: UInt64) throws(Failure) -> String? {
        let fio = try FioProcess()
        defer { fio.close() }
        let status = try follow(try start(fio, words, milliseconds: milliseconds))
        return status == 0 ? nil : complaint(of: fio, status)
    }

    /// Recorded into a capture that goes away with the sweep unless it is kept.
    ///
    /// - Parameter started: gets fio's process.
    func traced(
        _ words: [String], milliseconds: UInt64, into capture: String, isKept: Bool,
        started: @escaping (pid_t) -> Void = { _ in }
    ) throws -> FioResult {
        if !isKept { try guardian.send(.remove(path: capture)) }
        defer { recordingEnd = HostClock.monotonic }
        let fio = try FioProcess()
        defer { fio.close() }
        var process: pid_t?
        let recorder = Recorder(command: words, duration: nil, listener: RecordingMessages()) { [unowned self] words in
            let child = try start(fio, words, milliseconds: milliseconds)
            process = child.process
            started(child.process)
            return child
        }
        var filter = ProbeFilter()
        filter.processes = [getpid()]
        let outcome: Outcome
        do throws(RecordingError) {
            try recorder.prepare(plan: probes, filter: filter, sizes: LiveProbes.Sizes(), isVerbose: false)
            try recorder.create(FilePath(capture), filters: [], packing: .columns, recorder: Dioscope.version)
            outcome = try recorder.run()
        } catch {
            // Where the capture goes is full, or cannot be written: the other runs find that out, each for itself.
            if case .capture(let reason) = error { throw RunFailure(reason: reason.description) }
            throw Failure(error)
        }
        if let process { try guardian.send(.ended(process: process)) }
        if let failure = outcome.failure { throw RunFailure(reason: failure.description) }
        let result = try result(of: fio, outcome.commandStatus ?? 0)
        guard outcome.ios > 0 else { throw RunFailure(reason: "fio did \(result.ios) I/Os and none was recorded") }
        return result
    }

    // MARK: One fio

    private func start(_ fio: FioProcess, _ words: [String], milliseconds: UInt64) throws(Failure) -> TracedCommand {
        let child = try fio.start(words)
        Interruption.watch(over: child)
        try guardian.send(.watch(process: child.process, milliseconds: milliseconds))
        return child
    }

    private func follow(_ child: TracedCommand) throws(Failure) -> Int32 {
        var relay = SignalRelay()
        while true {
            if let status = child.endedStatus() {
                Interruption.watch(over: nil)
                try guardian.send(.ended(process: child.process))
                return status
            }
            relay.pass(to: child)
            usleep(20_000)
        }
    }

    private func result(of fio: FioProcess, _ status: Int32) throws -> FioResult {
        guard status == 0 else { throw RunFailure(reason: complaint(of: fio, status)) }
        do {
            return try FioResult(output: fio.texts[0], countsJobs: countsJobs)
        } catch {
            throw RunFailure(reason: error.reason)
        }
    }

    private func complaint(of fio: FioProcess, _ status: Int32) -> String {
        let texts = fio.texts
        let words = FioComplaint.line(in: [texts[1], texts[0]]).map { ": \($0)" } ?? ""
        if status == 128 + SIGKILL { return "fio was killed: it did not end in time" + words }
        return status > 128 ? "fio was ended by signal \(status - 128)" + words : "fio failed (\(status))" + words
    }
}

/// What one run could not do, and others may.
struct RunFailure: Error {
    let reason: String
}
