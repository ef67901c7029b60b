// SPDX-License-Identifier: GPL-2.0-only

/// One recording, read once: its facts, and its I/Os by block of time.
public struct Run: Sendable {
    public internal(set) var facts: RunFacts
    /// Nanoseconds of a block; `nil` when the run is one piece, a saved report.
    public let blockLength: UInt64?
    /// In order of time.
    let units: [RunUnit]
    /// Number of the first block, counted from time 0 in blocks.
    private let firstBlock: UInt64
    /// The percentiles of a saved report, in nanoseconds.
    let savedPercentiles: [Percentile: Double]

    init(
        facts: RunFacts, blockLength: UInt64?, units: [RunUnit], firstBlock: UInt64 = 0,
        savedPercentiles: [Percentile: Double] = [:]
    ) {
        self.facts = facts
        self.blockLength = blockLength
        self.units = units
        self.firstBlock = firstBlock
        self.savedPercentiles = savedPercentiles
    }

    /// Its blocks put together to ones of `length`, which is a multiple of theirs; else they stay as they are.
    func units(inBlocksOf length: UInt64) -> [RunUnit] {
        guard let blockLength, blockLength > 0, length > blockLength, length % blockLength == 0 else { return units }
        let factor = length / blockLength
        var groups: [[RunUnit]] = []
        for (index, unit) in units.enumerated() {
            if index > 0, (firstBlock + UInt64(index)) % factor != 0 {
                groups[groups.count - 1].append(unit)
            } else {
                groups.append([unit])
            }
        }
        return groups.map { RunUnit($0) }
    }

    /// All blocks in one.
    var whole: RunUnit { RunUnit(units) }

    /// Without its blocks, which take memory: for statistics over whole runs.
    public var withoutBlocks: Run {
        units.count < 2
            ? self : Run(facts: facts, blockLength: nil, units: [whole], savedPercentiles: savedPercentiles)
    }
}

/// What statistics are made of: a block of time, or a whole run.
struct RunUnit: Sendable {
    var tally: Tally
    /// Nanoseconds.
    var span: Double
    /// Finished I/Os, those included that a sample left out.
    var counted: Double

    /// - Parameter population: how many I/Os there were for one of the tally.
    init(tally: Tally, span: Double, population: Double = 1) {
        (self.tally, self.span) = (tally, span)
        counted = Double(tally.finished) * population
    }
}

extension RunUnit {
    /// Several in one.
    init(_ units: [RunUnit]) {
        self = units.first ?? RunUnit(tally: Tally(), span: 0)
        for unit in units.dropFirst() {
            tally.add(unit.tally)
            span += unit.span
            counted += unit.counted
        }
    }
}

/// A percentile of latency: those that every comparison has, or one that a rule asks for.
public struct Percentile: Hashable, Sendable {
    /// Above 0 and below 100.
    public let percent: Double
    /// Stable: in JSON, and in rules of `--fail-if`, e.g. `p99.9`.
    public let name: String

    public static let p50 = Percentile(percent: 50, name: "p50")
    public static let p99 = Percentile(percent: 99, name: "p99")
    public static let p999 = Percentile(percent: 99.9, name: "p99.9")
    /// Those that every comparison has.
    public static let usual = [p50, p99, p999]

    private init(percent: Double, name: String) {
        (self.percent, self.name) = (percent, name)
    }

    /// From its name; `nil` when that is none, e.g. `p100`.
    public init?(name: String) {
        guard name.first == "p", let digit = name.dropFirst().first, digit.isNumber,
            let percent = Double(name.dropFirst()), percent > 0, percent < 100
        else { return nil }
        self = Self.usual.first { $0.percent == percent } ?? Percentile(percent: percent, name: name)
    }

    /// The part of the I/Os that is faster.
    public var fraction: Double { percent / 100 }
}
