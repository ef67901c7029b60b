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
    public private(set) var count: UInt64 = 0
    public private(set) var errors: UInt64 = 0
    /// How long it had those that were also seen to be given to it, from `block_rq_issue` to `block_rq_complete`.
    public private(set) var times = TimeTally()

    public init(_ kind: RequestKind) {
        self.kind = kind
    }

    /// - Parameter time: in nanoseconds, `nil` when its issue was not seen.
    public mutating func add(_ time: UInt64?, failed: Bool) {
        count &+= 1
        if failed { errors &+= 1 }
        if let time { times.add(time) }
    }

    /// Those of one kind as one, in the order of the kinds.
    /// - Parameter hasTimes: the clock counted time.
    public static func merged(_ all: some Sequence<OtherRequests>, hasTimes: Bool = true) -> [OtherRequests] {
        var sums: [RequestKind: OtherRequests] = [:]
        for one in all { sums[one.kind, default: OtherRequests(one.kind)].add(one, hasTimes: hasTimes) }
        return RequestKind.allCases.compactMap { sums[$0] }
    }

    private mutating func add(_ other: OtherRequests, hasTimes: Bool) {
        count &+= other.count
        errors &+= other.errors
        if hasTimes { times.add(other.times) }
    }
}
