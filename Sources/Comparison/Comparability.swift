// SPDX-License-Identifier: GPL-2.0-only

/// What two sides must have in common for a comparison to mean something, and what else they have not.
public struct Comparability: Equatable, Sendable {
    /// Why they should not be compared.
    public let obstacles: [Discrepancy]
    /// Worth knowing when the numbers are read.
    public let differences: [Discrepancy]

    public struct Discrepancy: Equatable, Sendable {
        public var what: String
        /// What the base's runs have, and what the new ones; several values where the runs of one side disagree.
        /// Untrusted texts.
        public var base: [String]
        public var new: [String]
    }

    /// A part of the I/Os by which two mixtures may differ.
    private static let mixTolerance = 0.05
    /// The factor by which queue depths may differ; and one I/O, which may just not have been caught.
    private static let depthTolerance = 1.25

    public init(base: [RunFacts], new: [RunFacts]) {
        var obstacles: [Discrepancy] = []
        obstacles += Self.kind("op", \.operation, base, new)
        obstacles += Self.kind("block size", \.length, base, new)
        obstacles += Self.kind("issuer", \.issuer, base, new)
        obstacles += Self.text("file system", base, new) { $0.fileSystem }
        obstacles += Self.depth(base, new)
        self.obstacles = obstacles
        differences = Self.differences(base, new)
    }

    private static func differences(_ base: [RunFacts], _ new: [RunFacts]) -> [Discrepancy] {
        var found: [Discrepancy] = []
        func text(_ what: String, _ value: (RunFacts) -> String?) { found += Self.text(what, base, new, value) }
        text("kernel", \.kernel)
        text("machine", \.machine)
        text("host", \.host)
        text("CPUs", { $0.cpuCount.map { "\($0)" } })
        text("device", \.device)
        text("command", { $0.command.isEmpty ? nil : $0.command.joined(separator: " ") })
        text("submitted on", { list($0.submitCPUs) })
        text("ended on", { list($0.endCPUs) })
        text("recorded", \.recorded)
        text("filters", { $0.isSavedReport || !$0.filters.isEmpty ? $0.filters.joined(separator: " ") : "none" })
        return found + probes(base, new)
    }

    /// Known on both sides, and not the same.
    private static func text(
        _ what: String, _ base: [RunFacts], _ new: [RunFacts], _ value: (RunFacts) -> String?
    ) -> [Discrepancy] {
        let (old, fresh) = (unique(base.compactMap(value)), unique(new.compactMap(value)))
        guard !old.isEmpty, !fresh.isEmpty, old != fresh else { return [] }
        return [Discrepancy(what: what, base: old, new: fresh)]
    }

    /// Every run must be of the same kind, and of it to about the same part.
    private static func kind(
        _ what: String, _ path: KeyPath<RunFacts, RunFacts.MostFrequent?>, _ base: [RunFacts], _ new: [RunFacts]
    ) -> [Discrepancy] {
        let all = (base + new).compactMap { $0[keyPath: path] }
        let shares = all.map(\.share)
        let isMixed = (shares.max() ?? 0) - (shares.min() ?? 0) > mixTolerance
        guard isMixed || Set(all.map(\.value)).count > 1 else { return [] }
        func words(_ runs: [RunFacts]) -> [String] {
            unique(
                runs.compactMap { $0[keyPath: path] }.map { kind in
                    kind.share < 1 ? "\(kind.value) (\(Int(kind.share * 100))%)" : kind.value
                })
        }
        return [Discrepancy(what: what, base: words(base), new: words(new))]
    }

    /// By the most that were in flight: how many are on average is a result, not what was asked for.
    private static func depth(_ base: [RunFacts], _ new: [RunFacts]) -> [Discrepancy] {
        let depths = (base + new).compactMap(\.peakInFlight)
        guard let low = depths.min(), let high = depths.max(), high > low + 1,
            Double(high) > Double(low) * depthTolerance
        else { return [] }
        func words(_ runs: [RunFacts]) -> [String] { unique(runs.compactMap(\.peakInFlight).map { "\($0)" }) }
        return [Discrepancy(what: "queue depth", base: words(base), new: words(new))]
    }

    /// Only the probes that not all have: there are dozens.
    private static func probes(_ base: [RunFacts], _ new: [RunFacts]) -> [Discrepancy] {
        let known = (base + new).filter { !$0.probes.isEmpty }.map { Set($0.probes) }
        guard let first = known.first else { return [] }
        let common = known.reduce(first) { $0.intersection($1) }
        func extra(_ runs: [RunFacts]) -> [String] { Set(runs.flatMap(\.probes)).subtracting(common).sorted() }
        let (old, fresh) = (extra(base), extra(new))
        return old == fresh ? [] : [Discrepancy(what: "probes", base: old, new: fresh)]
    }

    private static func unique(_ values: [String]) -> [String] { Set(values).sorted() }

    /// CPU numbers as `taskset -c` writes them: `0-3,8`.
    private static func list(_ cpus: Set<UInt16>) -> String? {
        var ranges: [ClosedRange<UInt16>] = []
        for cpu in cpus.sorted() {
            if let last = ranges.last, cpu > 0, last.upperBound == cpu - 1 {
                ranges[ranges.count - 1] = last.lowerBound...cpu
            } else {
                ranges.append(cpu...cpu)
            }
        }
        let words = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return words.isEmpty ? nil : "CPU " + words.joined(separator: ",")
    }
}
