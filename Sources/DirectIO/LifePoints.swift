// SPDX-License-Identifier: GPL-2.0-only

/// A set of points: bit 0 is the submission, and so on.
public struct LifePoints: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inlinable
    public init(_ point: LifePoint) {
        rawValue = 1 << UInt32(point.rawValue)
    }

    public init(where condition: (PointRow) -> Bool) {
        rawValue = LifePoint.rows.filter(condition).reduce(0) { $0 | 1 << UInt32($1.point.rawValue) }
    }

    public static let borders = LifePoints { $0.isBorder }
    public static let mayPrecede = LifePoints { $0.mayPrecede }
    /// Points of every path.
    public static let always = LifePoints { if case .always = $0.isOn { true } else { false } }

    /// Points that only I/Os of this path pass.
    public static func on(_ path: CompletionContext) -> LifePoints {
        LifePoints { if case .path(path) = $0.isOn { true } else { false } }
    }

    public static func expected(_ expectation: PointRow.Expectation) -> LifePoints {
        LifePoints { $0.expected == expectation }
    }

    public var points: [LifePoint] { LifePoint.allCases.filter { contains(LifePoints($0)) } }
}
