// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// Attributes one I/O after the other. The I/Os of a recording are of a few kinds: what is the same for all of a kind is
/// found out once.
public struct LifeAttribution: ~Copyable, @unchecked Sendable {
    public let rule: CompletionRule
    /// The life of the I/O that was taken up last: the same as `AttributedLife(io, rule:)`. To be looked at where it is: a copy takes
    /// as long as all else.
    public var life: AttributedLife
    /// By a hash of the kind.
    // Owned: `size` initialised places, nobody else has the pointer; given back by deinit. Hence sendable.
    private let shapes: UnsafeMutablePointer<LifeShape>
    /// The kind of `life`; negative when it was walked.
    private var current = -1
    private static let size = 256

    /// - Parameter rule: by which the recorded kernel decides how to complete.
    public init(rule: CompletionRule) {
        self.rule = rule
        let nothing = DirectIO(
            submitted: Timestamp(nanoseconds: 1), submitterThread: 0, device: DeviceNumber(kernel: 0), inode: 0,
            offset: 0,
            length: 0, operation: .read, issuer: .unknown)
        life = AttributedLife(nothing, rule: rule)
        shapes = .allocate(capacity: Self.size)
        shapes.initialize(repeating: LifeShape(LifeKind(nothing), of: nothing, rule: rule), count: Self.size)
    }

    deinit {
        shapes.deinitialize(count: Self.size)
        shapes.deallocate()
    }

    @inline(__always)
    public mutating func take(_ io: DirectIO) {
        let kind = LifeKind(io)
        let place = Int(truncatingIfNeeded: kind.hash >> 56)
        if place != current || shapes[place].kind != kind { change(to: place, kind, io) }
        if current < 0 || !shapes[place].move(&life, to: io) { walk(io) }
    }

    @inline(never)
    private mutating func change(to place: Int, _ kind: LifeKind, _ io: DirectIO) {
        if shapes[place].kind != kind { shapes[place] = LifeShape(kind, of: io, rule: rule) }
        current = -1
        guard let model = shapes[place].model else { return }
        (life, current) = (model, place)
    }

    @inline(never)
    private mutating func walk(_ io: DirectIO) {
        life = AttributedLife(io, rule: rule)
        current = -1
    }
}
