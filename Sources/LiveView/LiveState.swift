// SPDX-License-Identifier: GPL-2.0-only

import Report

/// What a live view shows, and what its keys have made of it.
public struct LiveState: Sendable {
    /// The latest last; so many that the widest terminal has no more columns.
    public private(set) var intervals: [LiveInterval] = []
    /// Those that are looked at while it is paused.
    private var held: [LiveInterval]?
    public private(set) var grouping = Grouping.device
    /// Seconds of an interval.
    public private(set) var seconds: Int
    public private(set) var showsHelp = false
    public private(set) var order = Order.ios
    /// Which I/Os are shown, as it was typed; empty: all.
    public private(set) var filter = ""
    /// What is being typed as a filter.
    public private(set) var typed: String?
    /// What came of a key, until the next one.
    public private(set) var message: String?
    /// Seconds of records that are kept, to save them; `nil`: none are.
    public let keeps: Int?
    private static let most = 400
    private static let groupings: [Grouping] = [.device, .file, .thread, .op, .context, .issuer]
    private static let lengths = [1, 2, 5, 10, 30, 60]
    private static let longestFilter = 200

    /// By what groups are sorted.
    public enum Order: String, Sendable, CaseIterable {
        case ios = "I/Os"
        case mean
        case p99
    }

    /// What is to be done after a key.
    public enum Wish: Equatable, Sendable {
        case quit, show
        case save
        /// To be read, and answered by `choose` or `say`.
        case filter(String)
    }

    public init(seconds: Int = 1, keeps: Int? = nil) {
        (self.seconds, self.keeps) = (seconds, keeps)
    }

    public var isPaused: Bool { held != nil }
    public var shown: [LiveInterval] { held ?? intervals }

    public mutating func add(_ interval: LiveInterval) {
        // Of an earlier one only the heatmap is looked at: names would fill the memory.
        if let last = intervals.indices.last {
            intervals[last].report.source = ReportSource(kind: intervals[last].report.source.kind, isComplete: true)
            intervals[last].report.groups = nil
            intervals[last].groups.largest = []
        }
        intervals.append(interval)
        if intervals.count > Self.most { intervals.removeFirst(intervals.count - Self.most) }
    }

    public mutating func say(_ message: String) { self.message = message }

    /// From now on only these are shown: what was seen so far had others in it.
    public mutating func choose(_ filter: String) {
        self.filter = filter
        (intervals, held) = ([], nil)
    }

    /// - Parameter key: its letter.
    public mutating func press(_ key: Character) -> Wish {
        message = nil
        if let typed { return type(key, after: typed) }
        switch key {
        case "q": return .quit
        case "p", " ": held = held == nil ? intervals : nil
        case "g": grouping = Self.next(grouping, of: Self.groupings)
        case "s": order = Self.next(order, of: Order.allCases)
        case "+", "=": seconds = Self.lengths.first { $0 > seconds } ?? seconds
        case "-": seconds = Self.lengths.last { $0 < seconds } ?? seconds
        case "r": (intervals, held) = ([], nil)
        case "f", "/": typed = filter
        case "w": return wishToSave()
        case "h", "?": showsHelp.toggle()
        default: break
        }
        return .show
    }

    private mutating func wishToSave() -> Wish {
        guard keeps == nil else { return .save }
        message = "no records are kept: start it with --keep 1m to save the last minute"
        return .show
    }

    private mutating func type(_ key: Character, after text: String) -> Wish {
        switch key {
        case "\r", "\n":
            typed = nil
            return .filter(text)
        case "\u{1b}": typed = nil
        case "\u{7f}", "\u{8}": typed = String(text.dropLast())
        case "\u{15}": typed = ""
        case _ where key >= " " && text.count < Self.longestFilter: typed = text + String(key)
        default: break
        }
        return .show
    }

    private static func next<Value: Equatable>(_ value: Value, of values: [Value]) -> Value {
        let place = values.firstIndex(of: value) ?? 0
        return values[(place + 1) % values.count]
    }
}
