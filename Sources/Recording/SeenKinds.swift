// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Capture
import DirectIO
import Report

/// Which kinds of I/Os are worth aggregating in the kernel: those whose records keep coming.
struct SeenKinds {
    /// Three words: the hash of a vector took longer than all else that is done with a record.
    struct Key: Hashable {
        private let facts: UInt64
        private let length: UInt64
        private let places: UInt64

        init(_ kind: probe_io_kind) {
            (facts, length, places) = withUnsafeBytes(of: kind) { bytes in
                (
                    bytes.load(as: UInt64.self), bytes.load(fromByteOffset: 8, as: UInt64.self),
                    bytes.load(fromByteOffset: 16, as: UInt64.self)
                )
            }
        }
    }

    static func areSame(_ one: probe_io_kind, _ other: probe_io_kind) -> Bool { Key(one) == Key(other) }

    private let rule: CompletionRule
    /// Records by kind, and by kind whatever the length.
    private var counts: [Key: Int] = [:]
    /// Lengths that have a kind of their own, by kind.
    private var lengths: [Key: Int] = [:]
    private var chosen: [probe_io_kind] = []

    /// Rare ones stay records.
    private static let worthwhile = 32
    /// How many lengths of otherwise equal I/Os have a kind of their own.
    private static let mostLengths = 4
    private static let limit = 4096

    init(rule: CompletionRule) {
        self.rule = rule
    }

    /// Those that have become worth it since the last call.
    mutating func takeChosen() -> [probe_io_kind] {
        defer { chosen = [] }
        return chosen
    }

    /// The kind of a recorded I/O, and that of such I/Os of all lengths; `nil`: it has to be a record.
    static func kinds(of record: UnsafeRawBufferPointer) -> (kind: probe_io_kind, ofAnyLength: probe_io_kind)? {
        var waited = probe_waited_io()
        withUnsafeMutableBytes(of: &waited) { $0.copyBytes(from: record.prefix($0.count)) }
        var (kind, steps) = (probe_io_kind(), probe_steps())
        guard probe_kind_of(&waited, &kind, &steps) != 0 else { return nil }
        var any = kind
        any.length_bytes = 0
        return (kind, any)
    }

    /// - Parameter record: of an I/O.
    mutating func note(_ record: UnsafeRawBufferPointer) {
        guard let (kind, any) = Self.kinds(of: record) else { return }
        let (key, base) = (Key(kind), Key(any))
        guard counts.count < Self.limit || counts[base] != nil else { return }
        let ofAnyLength = count(base)
        let ownLengths = lengths[base, default: 0]
        if ownLengths < Self.mostLengths, counts.count < Self.limit, count(key) == Self.worthwhile {
            lengths[base] = ownLengths + 1
            choose(kind)
        } else if ofAnyLength == Self.worthwhile * Self.worthwhile {
            choose(any)
        }
    }

    private mutating func count(_ key: Key) -> Int {
        counts[key, default: 0] += 1
        return counts[key, default: 0]
    }

    private mutating func choose(_ kind: probe_io_kind) {
        guard IOSummary(kind: kind)?.isExact(rule: rule) == true else { return }
        chosen.append(kind)
    }
}
