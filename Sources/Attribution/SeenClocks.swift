// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// For which waits of a recording somebody kept clocks of who held the CPU. Where they did, a wait without them is
/// unattributed; where nobody did, no wait is split.
public struct SeenClocks: Equatable, Sendable {
    private var queueWait = false
    private var taskWorkWait = false

    public init(of ios: [DirectIO] = []) {
        for io in ios { add(io) }
    }

    @inline(__always)
    public mutating func add(_ io: DirectIO) {
        if io.queueWaitHeld.isKnown { queueWait = true }
        if io.taskWorkHeld.isKnown { taskWorkWait = true }
    }

    public func tell(of stage: Stage) -> Bool {
        switch stage {
        case .queueWait: queueWait
        case .taskWorkWait: taskWorkWait
        default: false
        }
    }
}
