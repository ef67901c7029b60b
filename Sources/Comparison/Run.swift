// SPDX-License-Identifier: GPL-2.0-only

/// One recording, read once: its facts, and its I/Os by block of time.
public struct Run: Sendable {
    public internal(set) var facts: RunFacts
    /// Nanoseconds of a block; `nil` when the run is one piece, a saved report.
    public let blockLength: UInt64?
    /// In order of time.
    let units: [RunUnit]
    /// The percentiles of a saved report, in nanoseconds.
    let savedPercentiles: [Percentile: Double]

    init(facts: RunFacts, blockLength: UInt64?, units: [RunUnit], savedPercentiles: [Percentile: Double] = [:]) {
        self.facts = facts
        self.blockLength = blockLength
        self.units = units
        self.savedPercentiles = savedPercentiles
    }

    /// All blocks in one.
    var whole: RunUnit { RunUnit(units) }
}

/// What statistics are made of: a block of time, or a whole run.
struct RunUnit: Sendable {
    var tally: Tally
    /// Nanoseconds.
    var span: Double
}

extension RunUnit {
    /// Several in one.
    init(_ units: [RunUnit]) {
        self = units.first ?? RunUnit(tally: Tally(), span: 0)
        for unit in units.dropFirst() {
            tally.add(unit.tally)
            span += unit.span
        }
    }
}

/// The percentiles that are compared.
public enum Percentile: String, Sendable, CaseIterable {
    case p50
    case p99
    case p999 = "p99.9"

    /// The part of the I/Os that is faster.
    public var fraction: Double {
        switch self {
        case .p50: 0.5
        case .p99: 0.99
        case .p999: 0.999
        }
    }
}
