// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// A time of a life.
public typealias TimePath = WritableKeyPath<DirectIO, Timestamp?> & Sendable

/// One hand-built life: times in nanoseconds after submission, at which the clock stood at `Life.submitted`.
public enum Life {
    public static let submitted: UInt64 = 1_000_000

    public static func make(
        _ issuer: Issuer = .libaio, _ operation: DirectIO.Operation = .write,
        end: ExecutionContext? = .hardirq, complete: ExecutionContext? = .hardirq,
        facts: Facts = [.endSeen, .endDecides], times: [(TimePath, Int)] = []
    ) -> DirectIO {
        var io = DirectIO(
            submitted: Timestamp(nanoseconds: submitted), submitterThread: 100,
            device: DeviceNumber(major: 259, minor: 1), inode: 12, offset: 4096, length: 4096,
            operation: operation, issuer: issuer)
        io.endContext = end
        io.completeContext = complete
        io.facts = facts
        for (path, after) in times {
            io[keyPath: path] = Timestamp(nanoseconds: UInt64(Int(submitted) + after))
        }
        return io
    }
}
