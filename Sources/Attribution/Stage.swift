// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// The span between two points of an I/O that were seen one after the other. Every nanosecond of an I/O belongs to
/// exactly one of its stages.
///
/// Where points between were not seen, it is composed of the stages that it covers, and named after the first and the
/// last of them: `device..hand_off`.
public struct Stage: Hashable, Sendable {
    /// The numbers of the last and the first one: one number, since stages of each I/O are compared often.
    @usableFromInline let packed: UInt16

    @inlinable
    @inline(__always)
    public init(_ stage: AtomicStage) {
        packed = UInt16(stage.rawValue) << 8 | UInt16(stage.rawValue)
    }

    /// - Returns: `nil` when `last` comes before `first`.
    public init?(_ first: AtomicStage, through last: AtomicStage) {
        guard first == last || first.rawValue < last.rawValue && last != .unattributed else { return nil }
        packed = UInt16(last.rawValue) << 8 | UInt16(first.rawValue)
    }

    // Both are numbers of stages: they were made of such.
    public var first: AtomicStage { AtomicStage(rawValue: UInt8(truncatingIfNeeded: packed)) ?? .unattributed }
    /// Not before `first`.
    public var last: AtomicStage { AtomicStage(rawValue: UInt8(packed >> 8)) ?? .unattributed }

    public func covers(_ stage: AtomicStage) -> Bool {
        (first.rawValue...last.rawValue).contains(stage.rawValue)
    }

    @inlinable
    @inline(__always)
    public static func == (left: Stage, right: Stage) -> Bool { left.packed == right.packed }

    public var isComposed: Bool { packed >> 8 != packed & 0xff }

    /// All that are not composed, in causal order.
    public static let atomic = AtomicStage.allCases.map { Stage($0) }

    /// How many numbers there are.
    public static let numbers = AtomicStage.count * (AtomicStage.count + 1) / 2

    /// Different for each stage, less than `numbers`: for tables of bytes. Not for files: a new point changes it.
    @inlinable
    @inline(__always)
    public var number: Int {
        let last = Int(packed >> 8)
        return (last &* (last &+ 1)) >> 1 &+ Int(packed & 0xff)
    }

    // MARK: Names

    public static let separator = ".."

    /// Stable: in JSON and in `--where`.
    public var name: String { isComposed ? first.row.name + Self.separator + last.row.name : first.row.name }

    public init?(name: String) {
        guard let stage = Self.named[name] else { return nil }
        self = stage
    }

    private static let named: [String: Stage] = {
        let all = AtomicStage.allCases.flatMap { first in
            AtomicStage.allCases.compactMap { Stage(first, through: $0) }
        }
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }()

    /// In text, at most `longestLabel` characters.
    public var label: String {
        guard isComposed else { return first.row.label }
        return name.count <= Self.longestLabel ? name : first.row.short + Self.separator + last.row.short
    }

    public static let longestLabel = 20

    // MARK: Those that something more is known of

    @inlinable public static var submit: Stage { Stage(.submit) }
    @inlinable public static var device: Stage { Stage(.device) }
    @inlinable public static var interrupt: Stage { Stage(.interrupt) }
    @inlinable public static var handOff: Stage { Stage(.handOff) }
    @inlinable public static var queueWait: Stage { Stage(.queueWait) }
    @inlinable public static var completionWork: Stage { Stage(.completionWork) }
    @inlinable public static var inlineCompletion: Stage { Stage(.inlineCompletion) }
    @inlinable public static var taskWorkWait: Stage { Stage(.taskWorkWait) }
    @inlinable public static var delivery: Stage { Stage(.delivery) }
    @inlinable public static var submitterWakeup: Stage { Stage(.submitterWakeup) }
    @inlinable public static var hopWait: Stage { Stage(.hopWait) }
    @inlinable public static var unattributed: Stage { Stage(.unattributed) }

    /// Waits for a CPU whose occupants can be known.
    public static let waits = AtomicStage.allCases.filter(\.row.isWait).map { Stage($0) }
}

extension Stage: Comparable {
    /// In causal order, a stage before those that begin with it.
    public static func < (left: Stage, right: Stage) -> Bool {
        (left.first.rawValue, left.last.rawValue) < (right.first.rawValue, right.last.rawValue)
    }
}
