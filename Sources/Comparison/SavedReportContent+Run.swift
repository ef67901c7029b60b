// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

extension SavedReportContent {
    func run(name: String) -> Run {
        var saved: [Percentile: Double] = [:]
        if let latency { saved = latency.percentiles }
        // Little's law: the report's mean number in flight is its latencies' sum divided by this time.
        let span = latency.flatMap { latency in headline.mean_in_flight.map { latency.total_ns / $0 } }
        return Run(
            facts: facts(name: name), blockLength: nil,
            units: [RunUnit(tally: Tally(self.sums), span: span.flatMap { $0.isFinite ? $0 : nil } ?? 0)],
            savedPercentiles: saved)
    }

    private var sums: Tally.Sums {
        var sums = Tally.Sums(ios: ios.total, finished: latency?.ios ?? 0, latency: latency?.total_ns ?? 0)
        for saved in stages {
            if let stage = SavedReport.stage(saved.name, schema: schema) { sums.leaves[.stage(stage)] = saved.total_ns }
        }
        for (stage, wait) in [(Attribution.Stage.queueWait, queue_wait), (.taskWorkWait, task_work_wait)] {
            for cause in wait?.causes ?? [] {
                guard let kind = WaitCause(rawValue: cause.cause) else { continue }
                sums.leaves[.cause(stage, kind)] = cause.total_ns
            }
            // Without clocks of the CPU's occupants.
            if wait?.causes.isEmpty ?? true, let total = sums.leaves[.stage(stage)] {
                sums.leaves[.cause(stage, .unattributed)] = total
            }
        }
        for context in CompletionContext.allCases { sums.contexts[context] = contexts[context.rawValue] ?? nil }
        for reason in DeferralReason.allCases {
            sums.reasons[reason] = reasons.first { $0.reason == reason.rawValue }?.ios
        }
        return sums
    }

    private func facts(name: String) -> RunFacts {
        var facts = RunFacts(name: name, isSavedReport: true, isComplete: source.complete)
        facts.kernel = source.kernel
        facts.machine = source.machine
        facts.host = source.host
        facts.cpuCount = source.cpus
        facts.command = source.command
        facts.filters = source.filters
        facts.probes = source.probes.attached.sorted()
        facts.losses = loss.filter { $0.severity == "loss" && $0.count > 0 }.map(\.what)
        func kind(_ value: String?, _ share: Double?) -> RunFacts.MostFrequent? {
            value.map { RunFacts.MostFrequent(value: $0, share: min(max(share ?? 1, 0), 1)) }
        }
        facts.operation = kind(headline.op, headline.op_share)
        facts.length = kind(headline.length.map { "\($0)" }, headline.length_share)
        facts.issuer = kind(headline.issuer, headline.issuer_share)
        facts.device = headline.dev_name ?? headline.dev
        facts.fileSystem = headline.fs
        facts.meanInFlight = headline.mean_in_flight
        if queue_wait?.causes.isEmpty == false { facts.splitWaits.insert(.queueWait) }
        if task_work_wait?.causes.isEmpty == false { facts.splitWaits.insert(.taskWorkWait) }
        return facts
    }
}

extension SavedReportContent.Latency {
    /// Numbers from a file: what is no duration becomes the nearest that is.
    fileprivate var percentiles: [Percentile: Double] {
        [.p50: p50_ns, .p99: p99_ns, .p999: p999_ns].mapValues { min(max($0, 0), 1e30) }
    }
}
