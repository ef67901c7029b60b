// SPDX-License-Identifier: GPL-2.0-only

/// What is known of a point.
public struct PointRow: Sendable {
    public let point: LifePoint
    /// Stable: in JSON, and before `_ns` the column in CSV.
    public let name: String
    public let isOn: Presence
    public let expected: Expectation
    /// Only a border between two stages: without it there is one coarser stage, and nothing is unknown. Not every I/O
    /// passes it: requests are merged, and a CPU's own timer has no interrupt entry.
    public let isBorder: Bool
    /// A recording without it has coarser stages, and they are true. Without any other, a life has a hole.
    public let canBeBlind: Bool
    /// It may have happened before the I/O got there: then it is no point of this life, and no
    /// contradiction either.
    public let mayPrecede: Bool
    /// Tracepoints and functions that record it.
    public let sources: [String]
    public let begins: [StageRow]

    /// Which I/Os pass a point.
    public enum Presence: Sendable {
        case always
        /// Those that were seen to.
        case ifSeen
        /// Those that are completed there, and those that were seen to pass any point of that path.
        case path(CompletionContext)
    }

    /// When a point that was not seen is missing.
    public enum Expectation: Sendable, CaseIterable {
        case never, always
        /// `end_io` ran in an interrupt or softirq.
        case inInterrupt
        /// Except for submitters that wait past any `end_io` of direct I/O's.
        case withEndIO
        /// Completed in a kworker.
        case deferred
        /// Completed outside its issuer, which is io_uring.
        case secondHop
        /// Made by a file system for another kiocb, and not completed by its submitter.
        case stacked
    }

    init(
        _ point: LifePoint, _ name: String, isOn: Presence, expected: Expectation, isBorder: Bool = false,
        canBeBlind: Bool = false, mayPrecede: Bool = false, from sources: [String], begins: [StageRow]
    ) {
        self.point = point
        self.name = name
        self.isOn = isOn
        self.expected = expected
        self.isBorder = isBorder
        self.canBeBlind = canBeBlind
        self.mayPrecede = mayPrecede
        self.sources = sources
        self.begins = begins
    }
}

/// What is known of a stage.
public struct StageRow: Sendable {
    public let stage: AtomicStage
    /// Stable: in JSON, in `--where`, and before `_ns` the column in CSV.
    public let name: String
    /// In text, at most 20 characters.
    public let label: String
    /// In the label of a composed span, at most 9 characters.
    public let short: String
    public let owner: Owner
    /// It waits for a CPU: nobody runs it.
    public let isWait: Bool
    /// Only to these points; empty: to any.
    let ends: [LifePoint]
    /// Only of I/Os that are completed there; empty: wherever.
    let contexts: [CompletionContext]

    /// Whose time it is, and on which CPU or thread it is shown.
    public enum Owner: Sendable {
        case submitter
        case device
        /// Who ran `end_io`.
        case endIO
        /// Who completed it.
        case completion
        case kworker
        /// The work that completes the user's kiocb.
        case hop
        /// The submitter, in its task_work.
        case taskWork
        case unknown
    }

    init(
        _ stage: AtomicStage, _ name: String, _ label: String, short: String? = nil, of owner: Owner,
        isWait: Bool = false, to ends: [LifePoint] = [], in contexts: [CompletionContext] = []
    ) {
        self.stage = stage
        self.name = name
        self.label = label
        self.short = short ?? name
        self.owner = owner
        self.isWait = isWait
        self.ends = ends
        self.contexts = contexts
    }

    func fits(_ end: LifePoint, _ context: CompletionContext) -> Bool {
        (ends.isEmpty || ends.contains(end)) && (contexts.isEmpty || contexts.contains(context))
    }
}

extension LifePoint {
    public var row: PointRow { Self.rows[Int(rawValue)] }

    /// The name in JSON: stable.
    public var name: String { row.name }
}

extension AtomicStage {
    public var row: StageRow { Self.rows[Int(rawValue)] }

    /// By number; where several points begin it, the first row.
    private static let rows: [StageRow] = {
        let begun = LifePoint.rows.flatMap(\.begins)
        let none = StageRow(.unattributed, "unattributed", "unattributed", of: .unknown)
        return allCases.map { stage in begun.first { $0.stage == stage } ?? none }
    }()

    /// The stage from one point to the next one on a path.
    @inline(__always)
    public static func between(_ point: LifePoint, _ next: LifePoint, _ context: CompletionContext) -> AtomicStage {
        table[(Int(point.rawValue) * LifePoint.count + Int(next.rawValue)) * CompletionContext.count + context.index]
    }

    /// By point, next point and context.
    private static let table: [AtomicStage] = LifePoint.allCases.flatMap { point in
        LifePoint.allCases.flatMap { next in
            CompletionContext.allCases.map { context in
                point.row.begins.first { $0.fits(next, context) }?.stage ?? .unattributed
            }
        }
    }
}
