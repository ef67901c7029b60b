// SPDX-License-Identifier: GPL-2.0-only

/// One stage of one I/O.
public struct StageSpan: Hashable, Sendable {
    public var stage: Stage
    public var context: StageContext
    public var nanoseconds: UInt64

    @inlinable
    public init(stage: Stage, context: StageContext, nanoseconds: UInt64) {
        self.stage = stage
        self.context = context
        self.nanoseconds = nanoseconds
    }
}

/// The stages of one I/O in causal order, without a gap between them. A stage that was not seen is not here; one
/// that took no time is here with 0. Each stage occurs once, except `unattributed`, which is where it was.
///
/// Stored in place: attributing an I/O allocates nothing.
public struct StageSpans: Sendable {
    /// At least the number of points, less one.
    @usableFromInline static let capacity = 18

    /// What a span is of.
    public struct Kind: Sendable {
        public var stage: Stage
        public var context: StageContext

        @inlinable
        init(_ stage: Stage, _ context: StageContext) {
            self.stage = stage
            self.context = context
        }
    }

    // Apart, for a life that is copied is mostly its spans.
    @usableFromInline var nanoseconds: InlineArray<18, UInt64>
    @usableFromInline var kinds: InlineArray<18, Kind>
    @usableFromInline var used: Int
    /// Some of it is a hole: see `LifePath.Leg`.
    @usableFromInline var hasHoles: Bool

    @inlinable
    public init() {
        nanoseconds = InlineArray(repeating: 0)
        kinds = InlineArray(repeating: Kind(.unattributed, .device))
        used = 0
        hasHoles = false
    }

    /// Calls `body` with the durations, to be changed or not, and with what they are of. Where the spans are: to look at
    /// them by value is to copy them all.
    @inlinable
    @inline(__always)
    public mutating func withAll<Result>(
        _ body: (_ durations: UnsafeMutablePointer<UInt64>, _ kinds: UnsafePointer<Kind>, _ count: Int) -> Result
    ) -> Result {
        let count = used
        // Both are valid during the call, and have room for `capacity`, which `count` never exceeds.
        return withUnsafeMutableBytes(of: &nanoseconds) { nanoseconds in
            withUnsafeMutableBytes(of: &kinds) { kinds in
                body(
                    nanoseconds.assumingMemoryBound(to: UInt64.self).baseAddress.unsafelyUnwrapped,
                    UnsafePointer(kinds.assumingMemoryBound(to: Kind.self).baseAddress.unsafelyUnwrapped), count)
            }
        }
    }

    /// - Parameter isHole: see `LifePath.Leg`.
    @inline(__always)
    mutating func append(_ span: StageSpan, isHole: Bool) {
        // Unattributed time right after unattributed time is one span.
        if span.stage == .unattributed, used > 0, kinds[used - 1].stage == .unattributed {
            nanoseconds[used - 1] += span.nanoseconds
            return
        }
        if isHole { hasHoles = true }
        guard used < Self.capacity else {
            preconditionFailure("a life has more spans than points: stages=\(used)")
        }
        nanoseconds[used] = span.nanoseconds
        kinds[used] = Kind(span.stage, span.context)
        used += 1
    }

    @inlinable public var count: Int { used }
    @inlinable public var indices: Range<Int> { 0..<used }
    @inlinable public subscript(index: Int) -> StageSpan {
        StageSpan(stage: kinds[index].stage, context: kinds[index].context, nanoseconds: nanoseconds[index])
    }

    /// Every span in causal order. A loop over `indices` of somebody's `StageSpans` would copy them all for each.
    @inlinable
    @inline(__always)
    public func forEach(_ body: (StageSpan) -> Void) {
        // From memory: a place in an InlineArray that is a value would be looked up in a copy of it, each time anew.
        withUnsafeBytes(of: nanoseconds) { nanoseconds in
            withUnsafeBytes(of: kinds) { kinds in
                let durations = nanoseconds.assumingMemoryBound(to: UInt64.self)
                let kinds = kinds.assumingMemoryBound(to: Kind.self)
                for index in 0..<used {
                    let kind = kinds[index]
                    body(StageSpan(stage: kind.stage, context: kind.context, nanoseconds: durations[index]))
                }
            }
        }
    }

    /// Nanoseconds in one stage, `nil` when it was not seen.
    public subscript(stage: Stage) -> UInt64? {
        var sum: UInt64?
        forEach { if $0.stage == stage { sum = (sum ?? 0) + $0.nanoseconds } }
        return sum
    }

    /// Nanoseconds in stages that are composed of several, `nil` when there is none.
    public var composed: UInt64? {
        var sum: UInt64?
        forEach { if $0.stage.isComposed { sum = (sum ?? 0) + $0.nanoseconds } }
        return sum
    }

    /// Nanoseconds in all stages: the latency.
    public var total: UInt64 {
        var sum: UInt64 = 0
        forEach { sum += $0.nanoseconds }
        return sum
    }
}

extension StageSpans: Equatable {
    public static func == (left: StageSpans, right: StageSpans) -> Bool {
        left.used == right.used && left.indices.allSatisfy { left[$0] == right[$0] }
    }
}
