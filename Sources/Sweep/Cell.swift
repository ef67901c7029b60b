// SPDX-License-Identifier: GPL-2.0-only

/// One combination of the matrix.
public struct Cell: Codable, Hashable, Sendable {
    public var target: Target
    public var engine: Engine
    public var depth: Int
    /// In bytes.
    public var blockSize: UInt64
    public var op: Workload
    /// `nil`: fio and interrupt run where they like.
    public var placement: Placement?
    /// What the toggles are set to, in their order.
    public var settings: [String]

    public init(
        target: Target, engine: Engine, depth: Int, blockSize: UInt64, op: Workload, placement: Placement? = nil,
        settings: [String] = []
    ) {
        self.target = target
        self.engine = engine
        self.depth = depth
        self.blockSize = blockSize
        self.op = op
        self.placement = placement
        self.settings = settings
    }
}

/// One run of fio.
public struct PlannedRun: Codable, Hashable, Sendable {
    public var cell: Cell
    /// From 0.
    public var repetition: Int
    /// Recorded; or a control: fio without a recording.
    public var isTraced: Bool

    public init(cell: Cell, repetition: Int, isTraced: Bool) {
        self.cell = cell
        self.repetition = repetition
        self.isTraced = isTraced
    }
}
