// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// For which waits of a recording somebody kept clocks of who occupied the CPU. Where they did, a wait without them is
/// unattributed; where nobody did, no wait is split.
public struct SeenClocks: Equatable, Sendable {
    /// Bit *n*: the stage whose number is *n*.
    private var stages: UInt32 = 0

    public init(of ios: [DirectIO] = []) {
        for io in ios { add(io) }
    }

    @inline(__always)
    public mutating func add(_ io: DirectIO) {
        // One by one: this is in the path of every I/O.
        if io.queueWaitOccupants.isKnown { stages |= Self.bit(.queueWait) }
        if io.taskWorkOccupants.isKnown {
            stages |= Self.bit(io.times[.taskWorkRun] == 0 ? .submitterWakeup : .taskWorkWait)
        }
        if io.isPlain { return }
        if io.apart(in: .taskWorkWait).total > 0 { stages |= Self.bit(.taskWorkWait) }
        if io.further.deliveryOccupants.isKnown { stages |= Self.bit(.delivery) }
        if io.further.hopOccupants.isKnown { stages |= Self.bit(.hopWait) }
    }

    public func tell(of stage: Stage) -> Bool { !stage.isComposed && stages & Self.bit(stage) != 0 }

    private static func bit(_ stage: Stage) -> UInt32 { 1 << UInt32(stage.first.rawValue) }
}
