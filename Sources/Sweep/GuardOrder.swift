// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials

/// Orders to the guard of a sweep, one line of JSON each: what to restore when the sweep has ended, in whatever
/// way.
public enum GuardOrder: Codable, Equatable, Sendable {
    /// Write these bytes back to this switch.
    case restore(path: String, content: String)
    /// Remove this file, which the sweep has made.
    case remove(path: String)
    /// Leave these pages of this file in the page cache, and no others.
    ///
    /// - Parameter ranges: first byte and length of each, in turn.
    case pages(path: String, ranges: [UInt64])
    /// Kill this process when the sweep ends, or when the time is over.
    case watch(process: Int32, milliseconds: UInt64)
    /// That process has ended.
    case ended(process: Int32)

    /// With the line break.
    public var line: [UInt8] {
        let json = (try? JSONEncoder().encode(self)) ?? Data()
        return Array(json) + [UInt8(ascii: "\n")]
    }

    /// `nil` when `line` is no order, or only the beginning of one.
    public init?(line: some Sequence<UInt8>) {
        guard let order = try? JSONDecoder().decode(GuardOrder.self, from: Data(line)) else { return nil }
        self = order
    }
}

/// What is to be put right, from the orders so far.
public struct GuardDuty: Equatable, Sendable {
    /// The last one first: a switch may only be settable while another is as it is.
    public private(set) var switches: [Switch] = []
    public private(set) var files: [String] = []
    public private(set) var processes: [Int32] = []

    public private(set) var caches: [Cache] = []

    public struct Cache: Equatable, Sendable {
        public var path: String
        /// First byte and length of each, in turn.
        public var ranges: [UInt64]
    }

    public struct Switch: Equatable, Sendable {
        public var path: String
        public var content: String
    }

    public init() {}

    /// The duty after the orders that were written down; a last one that is cut was never acted on.
    public init(log: some Sequence<UInt8>) {
        for line in Array(log).split(separator: UInt8(ascii: "\n")) {
            if let order = GuardOrder(line: line) { take(order) }
        }
    }

    public mutating func take(_ order: GuardOrder) {
        switch order {
        // When a switch is named twice, the first content is the original.
        case .restore(let path, let content):
            if !switches.contains(where: { $0.path == path }) {
                switches.insert(Switch(path: path, content: content), at: 0)
            }
        case .remove(let path): if !files.contains(path) { files.append(path) }
        case .pages(let path, let ranges):
            if !caches.contains(where: { $0.path == path }) { caches.append(Cache(path: path, ranges: ranges)) }
        case .watch(let process, _): processes.append(process)
        case .ended(let process): processes.removeAll { $0 == process }
        }
    }
}
