// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// One I/O as a list shows it, with what only the stream around it could tell.
public struct ListedIO: Sendable {
    public let io: DirectIO
    public let life: AttributedLife
    /// What its wait for a kworker was spent on; empty when that is not known.
    public let queueWait: [WaitShare]
    public let taskWorkWait: [WaitShare]

    /// - Parameters:
    ///   - life: of `io`.
    ///   - holds: all that came before it.
    public init(_ io: DirectIO, _ life: AttributedLife, _ holds: inout HoldLog) {
        self.io = io
        self.life = life
        queueWait = Self.shares(.queueWait, io, life, io.queueWaitHeld, &holds)
        taskWorkWait = Self.shares(.taskWorkWait, io, life, io.taskWorkHeld, &holds)
    }

    private static func shares(
        _ stage: Stage, _ io: DirectIO, _ life: AttributedLife, _ held: HeldTimes, _ holds: inout HoldLog
    ) -> [WaitShare] {
        guard held.isKnown, let wait = life.wait(stage, of: io), wait.held.isKnown else { return [] }
        return holds.shares(of: wait)
    }

    func shares(of stage: Stage) -> [WaitShare] {
        switch stage {
        case .queueWait: queueWait
        case .taskWorkWait: taskWorkWait
        default: []
        }
    }
}
