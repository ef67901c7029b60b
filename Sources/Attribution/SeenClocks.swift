// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Which waits of a recording have clocks of the CPU's occupants: the one answer, for every verb. If any I/O has them for
/// a stage, a wait in that stage without clocks is unattributed; if none has, no wait in it is split.
public struct SeenClocks: Equatable, Sendable {
    /// Bit *n*: the stage whose number is *n*.
    private var stages: UInt32 = 0

    public init(of ios: [DirectIO] = []) {
        for io in ios { add(io) }
    }

    /// As if there were clocks of every wait: for those who find out later which there are.
    public static let all: SeenClocks = {
        var clocks = SeenClocks()
        clocks.stages = .max
        return clocks
    }()

    @inline(__always)
    public mutating func add(_ io: DirectIO) {
        // One by one: this is in the path of every I/O.
        if io.queueWaitOccupants.isKnown { add(.queueWait) }
        if io.taskWorkOccupants.isKnown || !io.isPlain {
            if io.taskWorkRun != nil, io.isSplit(in: .taskWorkWait) { add(.taskWorkWait) }
            if io.isSplit(in: .submitterWakeup) { add(.submitterWakeup) }
        }
        if io.isPlain { return }
        if io.further.deliveryOccupants.isKnown { add(.delivery) }
        if io.further.hopOccupants.isKnown { add(.hopWait) }
    }

    /// Notes that some I/O has clocks for its wait in `stage`.
    @inline(__always)
    public mutating func add(_ stage: Stage) { stages |= Self.bit(stage) }

    public mutating func add(_ other: SeenClocks) { stages |= other.stages }

    public func has(_ stage: Stage) -> Bool { !stage.isComposed && stages & Self.bit(stage) != 0 }

    private static func bit(_ stage: Stage) -> UInt32 { 1 << UInt32(stage.first.rawValue) }
}
