// SPDX-License-Identifier: GPL-2.0-only

/// What a request of a disk is for.
public enum RequestKind: String, Sendable, CaseIterable {
    case read, write
    /// Of a zone: written where the device chooses, which is known when it is done.
    case append
    case flush, discard
    case writeZeroes = "write_zeroes"
    /// Opens, closes, finishes or resets a zone.
    case zone
    /// Passed through to the device, or of a kind that the trace does not tell.
    case other

    /// It is of bytes that are read or written.
    @inlinable public var movesData: Bool { self == .read || self == .write || self == .append }
}

/// The requests of one kind in a trace that neither read nor wrote anything.
public struct OtherRequests: Equatable, Sendable {
    public let kind: RequestKind
    /// Of which the device was done.
    public internal(set) var count: UInt64 = 0
    /// Those of them that were also seen to be given to it: `block_rq_issue`.
    public internal(set) var timed: UInt64 = 0
    /// How long it had those, from `block_rq_issue` to `block_rq_complete`: in all, and one at most.
    public internal(set) var nanoseconds: UInt64 = 0
    public internal(set) var longest: UInt64 = 0
    public internal(set) var errors: UInt64 = 0

    public init(_ kind: RequestKind) {
        self.kind = kind
    }

    /// - Parameter time: in nanoseconds, `nil` when its issue was not seen.
    public mutating func add(_ time: UInt64?, failed: Bool) {
        count &+= 1
        if failed { errors &+= 1 }
        guard let time else { return }
        timed &+= 1
        nanoseconds &+= time
        longest = max(longest, time)
    }

    public mutating func add(_ other: OtherRequests) {
        count &+= other.count
        timed &+= other.timed
        nanoseconds &+= other.nanoseconds
        longest = max(longest, other.longest)
        errors &+= other.errors
    }

    /// The clock counted no time.
    public mutating func forgetTimes() { (timed, nanoseconds, longest) = (0, 0, 0) }

    /// Of those that were timed, nanoseconds.
    public var mean: Double? { timed == 0 ? nil : Double(nanoseconds) / Double(timed) }
}
