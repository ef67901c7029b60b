// SPDX-License-Identifier: GPL-2.0-only

/// When an I/O passed the points of its life: nanoseconds of `CLOCK_MONOTONIC`, and 0 for what was not seen, as the
/// probes store them. Optionals would take twice the memory, and be looked at one by one.
public struct SeenTimes: Sendable {
    @usableFromInline var times: PointTimes

    @inlinable
    @inline(__always)
    public init(submitted: UInt64) {
        times = PointTimes(repeating: 0)
        times[0] = submitted
    }

    @inlinable
    public subscript(point: LifePoint) -> UInt64 {
        @inline(__always)
        get { times[Int(point.rawValue)] }
        @inline(__always)
        set { times[Int(point.rawValue)] = newValue }
    }

    /// Calls `body` with all of them, one after the other.
    @inlinable
    @inline(__always)
    public func withAll<Result>(_ body: (UnsafePointer<UInt64>) -> Result) -> Result {
        // Valid during the call.
        withUnsafeBytes(of: times) {
            body($0.assumingMemoryBound(to: UInt64.self).baseAddress.unsafelyUnwrapped)
        }
    }

    /// Which ones were seen.
    @inlinable
    @inline(__always)
    public var seen: LifePoints {
        withAll { times in
            var seen: UInt32 = 0
            for number in 0..<LifePoint.count { seen |= (times[number] != 0 ? 1 : 0) << UInt32(number) }
            return LifePoints(rawValue: seen)
        }
    }
}

extension SeenTimes {
    /// Of each point that was seen, no more is left than that.
    public mutating func forget() { for index in times.indices where times[index] != 0 { times[index] = 1 } }
}

extension SeenTimes: Equatable {
    public static func == (left: SeenTimes, right: SeenTimes) -> Bool {
        left.times.indices.allSatisfy { left.times[$0] == right.times[$0] }
    }
}
