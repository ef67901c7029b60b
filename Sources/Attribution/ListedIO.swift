// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// One I/O as a list shows it, with what only the stream around it has.
public struct ListedIO: Sendable {
    public let io: DirectIO
    public let life: AttributedLife
    /// What its waits for a CPU were spent on; without those that the recording has no clocks for.
    private let waits: [(stage: Stage, shares: [WaitShare])]

    /// - Parameters:
    ///   - life: of `io`.
    ///   - occupancies: all that came before it.
    ///   - clocks: those of the whole recording.
    public init(_ io: DirectIO, _ life: AttributedLife, _ occupancies: inout OccupancyLog, _ clocks: SeenClocks) {
        self.io = io
        self.life = life
        var waits: [(stage: Stage, shares: [WaitShare])] = []
        for stage in Stage.waits where clocks.tell(of: stage) {
            guard let wait = life.wait(stage, of: io) else { continue }
            waits.append((stage, occupancies.shares(of: wait)))
        }
        self.waits = waits
    }

    /// What its wait for a kworker was spent on.
    public var queueWait: [WaitShare] { shares(of: .queueWait) }
    public var taskWorkWait: [WaitShare] { shares(of: .taskWorkWait) }

    public func shares(of stage: Stage) -> [WaitShare] {
        waits.first { $0.stage == stage }?.shares ?? []
    }
}
