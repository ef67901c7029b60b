// SPDX-License-Identifier: GPL-2.0-only

/// What a sweep does: the matrix, and how often and how long each of its cells is run.
public struct SweepPlan: Codable, Equatable, Sendable {
    public var targets: [Target]
    public var engines: [Engine]
    public var depths: [Int]
    /// In bytes.
    public var blockSizes: [UInt64]
    public var ops: [Workload]
    /// Empty: fio and interrupt run where they like.
    public var placements: [Placement] = []
    public var toggles: [Toggle] = []
    public var repeats = 3
    /// Nanoseconds of I/Os before the ones that count.
    public var ramp: UInt64 = 5_000_000_000
    /// Nanoseconds of I/Os that count.
    public var runtime: UInt64 = 20_000_000_000
    /// Bytes of each target that are used.
    public var size: UInt64 = 1 << 30
    /// The seed of the order and of fio's random numbers.
    public var seed: UInt64 = 1
    /// Each traced run has an untraced one beside it.
    public var hasControls = true
    /// What base and new are; `nil` when the table has but one side.
    public var versus: Axis?

    public init(
        targets: [Target], engines: [Engine], depths: [Int], blockSizes: [UInt64], ops: [Workload]
    ) {
        self.targets = targets
        self.engines = engines
        self.depths = depths
        self.blockSizes = blockSizes
        self.ops = ops
    }

    /// More runs than this are a mistake: three years of seconds.
    private static let mostRuns = 100_000

    /// Why it cannot be carried out, whether a user or a file asks for it; `nil` when it can.
    public var problem: String? {
        if targets.isEmpty || engines.isEmpty || depths.isEmpty || blockSizes.isEmpty || ops.isEmpty {
            return "an axis of the matrix has no value"
        }
        if let depth = depths.first(where: { !(1...65536).contains($0) }) { return "queue depth \(depth): 1 to 65536" }
        if let size = blockSizes.first(where: { $0 < 512 || $0 > 1 << 30 || $0 % 512 != 0 }) {
            return "block size \(size): multiples of 512, up to 1G"
        }
        if let largest = blockSizes.max(), size < largest { return "the size is less than a block of \(largest) bytes" }
        if size > 1 << 50 { return "size \(size): at most 1024T" }
        if !(1...1000).contains(repeats) { return "\(repeats) repeats: 1 to 1000" }
        if runtime < 1_000_000 || runtime > Self.longest { return "the run time is from 1ms to a day" }
        if ramp > Self.longest { return "the ramp is at most a day" }
        if toggles.contains(where: { $0.values.isEmpty }) { return "a toggle has no value" }
        return problemOfProduct
    }

    private static let longest: UInt64 = 86_400_000_000_000

    /// A file may say anything: the product must not overflow.
    private var problemOfProduct: String? {
        var product = repeats * (hasControls ? 2 : 1)
        let axes = [targets.count, engines.count, depths.count, blockSizes.count, ops.count, max(1, placements.count)]
        for count in axes + toggles.map(\.values.count) {
            let (next, overflows) = product.multipliedReportingOverflow(by: count)
            if overflows || next > Self.mostRuns { return "more than \(Self.mostRuns) runs" }
            product = next
        }
        return nil
    }

    /// Every cell once, in the order of the table. An engine that has one I/O in flight has no queue depths.
    public var cells: [Cell] {
        var cells: [Cell] = []
        let places: [Placement?] = placements.isEmpty ? [nil] : placements
        for target in targets {
            for (engine, op) in product(engines, ops) {
                for (size, depth) in product(blockSizes, engine.isSynchronous ? [1] : depths) {
                    for (place, settings) in product(places, Self.combinations(of: toggles)) {
                        cells.append(
                            Cell(
                                target: target, engine: engine, depth: depth, blockSize: size, op: op,
                                placement: place, settings: settings))
                    }
                }
            }
        }
        return cells
    }

    private func product<A, B>(_ a: [A], _ b: [B]) -> [(A, B)] { a.flatMap { a in b.map { (a, $0) } } }

    private static func combinations(of toggles: [Toggle]) -> [[String]] {
        toggles.reduce([[]]) { found, toggle in found.flatMap { some in toggle.values.map { some + [$0] } } }
    }
}
