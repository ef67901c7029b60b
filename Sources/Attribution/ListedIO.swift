// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// One I/O as a list shows it, with what only the stream around it has.
public struct ListedIO: Sendable {
    public let io: DirectIO
    public let life: AttributedLife
    /// What its wait for a kworker was spent on; empty when the recording has no clocks for it.
    public let queueWait: [WaitShare]
    public let taskWorkWait: [WaitShare]

    /// - Parameters:
    ///   - life: of `io`.
    ///   - holds: all that came before it.
    ///   - clocks: those of the whole recording.
    public init(_ io: DirectIO, _ life: AttributedLife, _ holds: inout HoldLog, _ clocks: SeenClocks) {
        self.io = io
        self.life = life
        queueWait = clocks.tell(of: .queueWait) ? Self.shares(.queueWait, io, life, &holds) : []
        taskWorkWait = clocks.tell(of: .taskWorkWait) ? Self.shares(.taskWorkWait, io, life, &holds) : []
    }

    private static func shares(
        _ stage: Stage, _ io: DirectIO, _ life: AttributedLife, _ holds: inout HoldLog
    ) -> [WaitShare] {
        life.wait(stage, of: io).map { holds.shares(of: $0) } ?? []
    }

    public func shares(of stage: Stage) -> [WaitShare] {
        switch stage {
        case .queueWait: queueWait
        case .taskWorkWait: taskWorkWait
        default: []
        }
    }
}
