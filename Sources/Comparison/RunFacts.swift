// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// What a run is of: what must be alike for a comparison to mean something, and what else is worth knowing to differ.
/// Texts come from a trace or a file: untrusted.
public struct RunFacts: Equatable, Sendable {
    /// How the user called the run: its file.
    public var name: String
    /// Taken from a saved report, which has no single I/Os.
    public var isSavedReport: Bool
    public var kernel: String?
    public var machine: String?
    public var host: String?
    /// The machine, where its runs can be told from those of others: a redacted capture does not say.
    public var box: String? { host.flatMap { $0.isEmpty || $0 == RecordingSession.redacted ? nil : $0 } }
    public var cpuCount: Int?
    public var command: [String] = []
    public var filters: [String] = []
    /// Which I/Os have records: recording costs what it records; `nil`: not known.
    public var recorded: String?
    /// Which of its I/Os were taken, in the user's words; `nil`: all.
    public var selection: String?
    /// Names of the attached probes; empty when that is not known.
    public var probes: [String] = []
    /// Ways of losing data of which some was lost.
    public var losses: [String] = []
    /// Nothing of the run was cut off.
    public var isComplete: Bool
    /// The most frequent kinds, each with its part of all I/Os.
    public var operation: MostFrequent?
    /// In bytes.
    public var length: MostFrequent?
    public var issuer: MostFrequent?
    public var device: String?
    public var fileSystem: String?
    public var meanInFlight: Double?
    /// The most I/Os at once among the first ones of the run.
    public var peakInFlight: Int?
    /// CPUs on which I/Os were submitted, and on which they ended.
    public var submitCPUs: Set<UInt16> = []
    public var endCPUs: Set<UInt16> = []

    /// Waits for a CPU that have clocks of its occupants.
    public var splitWaits: Set<Stage> = []

    public struct MostFrequent: Equatable, Sendable {
        public var value: String
        public var share: Double
    }

    init(name: String, isSavedReport: Bool, isComplete: Bool) {
        self.name = name
        self.isSavedReport = isSavedReport
        self.isComplete = isComplete
    }

    init(name: String, report: Report) {
        let (source, headline) = (report.source, report.headline)
        self.init(name: name, isSavedReport: false, isComplete: source.isComplete)
        kernel = source.kernel
        machine = source.machine
        host = source.host
        cpuCount = source.cpuCount
        command = source.command
        filters = source.filters
        recorded = !source.bursts.isEmpty ? "in bursts" : report.sample == nil ? "all I/Os" : "a sample"
        probes = source.probes.filter(\.attached).map(\.name).sorted()
        losses = report.loss.filter { $0.severity == .loss && $0.count > 0 }.map(\.what)
        operation = headline.operation.map { MostFrequent(value: $0.value.rawValue, share: $0.share) }
        length = headline.length.map { MostFrequent(value: "\($0.value)", share: $0.share) }
        issuer = headline.issuer.map { MostFrequent(value: $0.value.rawValue, share: $0.share) }
        device = headline.deviceName?.name ?? headline.device?.value.description
        fileSystem = headline.deviceName?.fileSystem
        meanInFlight = headline.meanInFlight
        splitWaits = Set(Stage.waits.filter { report.wait($0)?.causes.isEmpty == false })
    }
}
