// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What must hold of an I/O.
///
/// A field that was not seen satisfies no comparison with a value, neither `=` nor `!=`; `none` asks for just that.
indirect enum Condition: Equatable, Sendable {
    case comparison(Comparison)
    case all([Condition])
    case any([Condition])
    case not(Condition)

    struct Comparison: Equatable, Sendable {
        var field: IOField
        var relation: Relation
        var operand: Operand
    }

    enum Relation: String, Sendable, CaseIterable {
        case equal = "="
        case unequal = "!="
        case less = "<"
        case atMost = "<="
        case more = ">"
        case atLeast = ">="

        func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
            switch self {
            case .equal: left == right
            case .unequal: left != right
            case .less: left < right
            case .atMost: left <= right
            case .more: left > right
            case .atLeast: left >= right
            }
        }
    }

    enum Operand: Equatable, Sendable {
        case number(Int128)
        case text(String)
        /// What the kernel or device-mapper calls a device, with `/dev/` or without.
        case deviceName(String)
        /// A time as lists show it.
        case time(SpelledTime)
        /// Not seen.
        case none
    }

    func holds(for subject: Subject) -> Bool {
        switch self {
        case .comparison(let comparison): comparison.holds(for: subject)
        case .all(let conditions): conditions.allSatisfy { $0.holds(for: subject) }
        case .any(let conditions): conditions.contains { $0.holds(for: subject) }
        case .not(let condition): !condition.holds(for: subject)
        }
    }

    /// In the order in which they are written.
    var fields: [IOField] {
        switch self {
        case .comparison(let comparison): [comparison.field]
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.fields)
        case .not(let condition): condition.fields
        }
    }

    /// It asks for a time by the recording's begin.
    var needsStart: Bool {
        switch self {
        case .comparison(let comparison): if case .time = comparison.operand { true } else { false }
        case .all(let conditions), .any(let conditions): conditions.contains(where: \.needsStart)
        case .not(let condition): condition.needsStart
        }
    }

    /// Names of threads and devices may come after their I/Os.
    var needsNames: Bool {
        switch self {
        case .comparison(let comparison):
            if case .deviceName = comparison.operand {
                true
            } else {
                [.comm, .file, .layer].contains(comparison.field)
            }
        case .all(let conditions), .any(let conditions): conditions.contains(where: \.needsNames)
        case .not(let condition): condition.needsNames
        }
    }
}

extension Condition.Comparison {
    func holds(for subject: Subject) -> Bool {
        switch operand {
        case .number(let right):
            if field == .layer { return isAny(subject.layers) { Int128($0.kernelNumber) == right } }
            return subject.number(field).map { relation.holds($0, right) } ?? false
        case .text(let right):
            if field == .file { return subject.isOf(file: right) == (relation == .equal) }
            return subject.text(field).map { relation.holds($0, right) } ?? false
        case .deviceName(let right):
            if field == .layer { return isAny(subject.layers) { subject.names.isCalled(right, $0) ?? false } }
            return subject.names.isCalled(right, subject.io.device).map { $0 == (relation == .equal) } ?? false
        case .time(let right):
            guard let left = subject.number(field), let start = subject.names.start else { return false }
            return right.is(relation, of: left, start)
        case .none:
            return (subject.number(field) == nil && subject.text(field) == nil) == (relation == .equal)
        }
    }

    private func isAny(_ devices: [DeviceNumber], _ isIt: (DeviceNumber) -> Bool) -> Bool {
        devices.contains(where: isIt) == (relation == .equal)
    }
}
