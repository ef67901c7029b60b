// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// One I/O as a list shows it, with what only the stream around it has.
public struct ListedIO: Sendable {
    public let io: DirectIO
    public let life: AttributedLife
    /// What its waits for a CPU were spent on; without those that the recording has no clocks for.
    private let waits: [(wait: CPUWait, shares: [WaitShare])]

    /// - Parameters:
    ///   - life: of `io`.
    ///   - occupancies: all that came before it.
    ///   - clocks: of the whole recording.
    public init(_ io: DirectIO, _ life: AttributedLife, _ occupancies: inout OccupancyLog, _ clocks: SeenClocks) {
        self.io = io
        self.life = life
        var waits: [(wait: CPUWait, shares: [WaitShare])] = []
        for stage in Stage.waits where clocks.has(stage) {
            guard let wait = life.wait(stage, of: io) else { continue }
            waits.append((wait, occupancies.shares(of: wait)))
        }
        self.waits = waits
    }

    /// What its wait for a kworker was spent on.
    public var queueWait: [WaitShare] { shares(of: .queueWait) }
    public var taskWorkWait: [WaitShare] { shares(of: .taskWorkWait) }

    public func shares(of stage: Stage) -> [WaitShare] {
        waits.first { $0.wait.stage == stage }?.shares ?? []
    }

    /// Its wait in `stage` with the causes; `nil` without clocks.
    public func wait(_ stage: Stage) -> CPUWait? { waits.first { $0.wait.stage == stage }?.wait }
}
