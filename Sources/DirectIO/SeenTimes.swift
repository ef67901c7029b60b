// SPDX-License-Identifier: GPL-2.0-only

/// When an I/O passed the points of its life, in causal order: nanoseconds of `CLOCK_MONOTONIC`, and 0 for what was not
/// seen, as the probes store them. Optionals would take twice the memory, and be looked at one by one.
public struct SeenTimes: Equatable, Sendable {
    public var submitted: UInt64
    public var issued: UInt64 = 0
    public var interrupted: UInt64 = 0
    public var ended: UInt64 = 0
    public var workQueued: UInt64 = 0
    public var workStarted: UInt64 = 0
    public var completed: UInt64 = 0
    public var iocbCompleted: UInt64 = 0
    public var taskWorkRun: UInt64 = 0

    public static let count = 9

    @inlinable
    public init(submitted: UInt64) {
        self.submitted = submitted
    }

    /// Calls `body` with all of them, one after the other.
    @inlinable
    @inline(__always)
    public func withAll<Result>(_ body: (UnsafePointer<UInt64>) -> Result) -> Result {
        // Valid during the call. Stored properties of one type lie one after the other.
        withUnsafePointer(to: self) {
            $0.withMemoryRebound(to: UInt64.self, capacity: Self.count) { body($0) }
        }
    }

    /// Which ones were seen, besides the submission: bit 0 for `issued`, and so on.
    @inlinable
    @inline(__always)
    public var seen: UInt8 {
        bit(issued, 0) | bit(interrupted, 1) | bit(ended, 2) | bit(workQueued, 3) | bit(workStarted, 4)
            | bit(completed, 5) | bit(iocbCompleted, 6) | bit(taskWorkRun, 7)
    }

    @inlinable
    @inline(__always)
    func bit(_ time: UInt64, _ number: UInt8) -> UInt8 { (time != 0 ? 1 : 0) << number }
}
