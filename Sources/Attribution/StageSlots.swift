// SPDX-License-Identifier: GPL-2.0-only

/// A place in tables for each stage that occurred: there can be hundreds of stages, and the I/Os of most recordings have
/// less than ten.
public struct StageSlots: Equatable, Sendable {
    /// By number of the stage: its place and 1, or 0 when it has none.
    @usableFromInline var numbers = [UInt16](repeating: 0, count: Stage.numbers)
    /// In the order of their places.
    public private(set) var stages: [Stage] = []

    public init() {}

    /// The place of a stage, a new one when it has none yet.
    @inlinable
    @inline(__always)
    public mutating func place(of stage: Stage) -> Int {
        let number = numbers[stage.number]
        return number == 0 ? add(stage) : Int(number) &- 1
    }

    /// `nil` when the stage did not occur.
    public func known(_ stage: Stage) -> Int? {
        let number = numbers[stage.number]
        return number == 0 ? nil : Int(number) - 1
    }

    @usableFromInline
    @inline(never)
    mutating func add(_ stage: Stage) -> Int {
        stages.append(stage)
        numbers[stage.number] = UInt16(stages.count)
        return stages.count - 1
    }
}
