// SPDX-License-Identifier: GPL-2.0-only

/// What most I/Os do not have in their lives. A reference: lives are copied often, and this would be half of one.
@usableFromInline
final class RareFields: Sendable {
    @usableFromInline let further: FurtherLife
    @usableFromInline let path: LayerPath?

    /// - Returns: `nil` when there is nothing in it.
    @usableFromInline
    init?(_ further: FurtherLife, _ path: LayerPath?) {
        guard path != nil || further != FurtherLife() else { return nil }
        (self.further, self.path) = (further, path)
    }
}

extension RareFields: Equatable {
    @usableFromInline
    static func == (one: RareFields, other: RareFields) -> Bool {
        one === other || one.further == other.further && one.path == other.path
    }
}
