// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO

/// The JSON of a summary chunk: one kind of I/O, and all that was aggregated of it so far. Numbers are those of
/// `probe_summary.h`.
struct StoredSummary: Codable {
    /// The number of the kind in this recording.
    var number: UInt32
    var facts: UInt32
    var device: UInt32
    var length: UInt32
    var points: UInt16
    var cpus: UInt8
    var issuer: UInt8
    var endContext: UInt8
    var completeContext: UInt8
    var ios: UInt64
    var bytes: UInt64
    var errors: UInt64
    var preempted: UInt64
    var first: UInt64
    var last: UInt64
    /// The longest of each step, and of the whole.
    var longest: [UInt64]
    var queueWait: [UInt64]
    var taskWorkWait: [UInt64]
    /// Bucket of latency, nanoseconds of each step, I/Os. Those without I/Os are left out.
    var rows: [[UInt64]]
    /// For each step: bucket, I/Os, bucket, I/Os ... without those that have none.
    var spreads: [[UInt64]]

    private static let buckets = Int(PROBE_SUMMARY_BUCKETS)
    private static let steps = Int(PROBE_STEPS)

    init(number: UInt32, kind: probe_io_kind, sums: probe_summary, numbers: [UInt64]) {
        self.number = number
        (facts, device, length) = (kind.facts, kind.dev, kind.length_bytes)
        (points, cpus, issuer) = (kind.points, kind.cpus, kind.issuer)
        (endContext, completeContext) = (kind.end_context, kind.complete_context)
        (bytes, errors, preempted) = (sums.bytes, sums.errors, sums.preempted)
        (first, last) = (sums.first_ns, sums.last_ns)
        longest = Self.words(of: sums.longest_ns)
        queueWait = Self.words(of: sums.queue_wait_ns)
        taskWorkWait = Self.words(of: sums.task_work_wait_ns)
        let row = Self.steps + 1
        rows = []
        for bucket in 0..<Self.buckets where numbers[bucket * row + Self.steps] != 0 {
            rows.append([UInt64(bucket)] + numbers[bucket * row..<(bucket + 1) * row])
        }
        let spreadsBegin = Self.buckets * row
        spreads = (0..<Self.steps).map { step in
            let begin = spreadsBegin + step * Self.buckets
            var spread: [UInt64] = []
            for bucket in 0..<Self.buckets where numbers[begin + bucket] != 0 {
                spread += [UInt64(bucket), numbers[begin + bucket]]
            }
            return spread
        }
        ios = rows.reduce(0) { $0 &+ $1[Self.steps + 1] }
    }

    private static func words<Numbers>(of numbers: Numbers) -> [UInt64] {
        withUnsafeBytes(of: numbers) { Array($0.bindMemory(to: UInt64.self)) }
    }

    /// The chunk's payload, made by hand: the recorder shares the CPUs with what it measures, and with an encoder for so
    /// many numbers its thread took 461 instructions an I/O in the lab (6.12, depth 16) instead of 131.
    var json: [UInt8] {
        var text = "{\"bytes\":\(bytes),\"completeContext\":\(completeContext),\"cpus\":\(cpus),\"device\":\(device)"
        text += ",\"endContext\":\(endContext),\"errors\":\(errors),\"facts\":\(facts),\"first\":\(first)"
        text += ",\"ios\":\(ios),\"issuer\":\(issuer),\"last\":\(last),\"length\":\(length)"
        text += ",\"longest\":\(longest),\"number\":\(number),\"points\":\(points),\"preempted\":\(preempted)"
        text += ",\"queueWait\":\(queueWait),\"taskWorkWait\":\(taskWorkWait)"
        return Array(text.utf8) + Self.member("rows", rows) + Self.member("spreads", spreads) + [UInt8(ascii: "}")]
    }

    private static func member(_ name: String, _ lists: [[UInt64]]) -> [UInt8] {
        var text = Array(",\"\(name)\":[".utf8)
        for (place, list) in lists.enumerated() {
            if place > 0 { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "["))
            for (place, number) in list.enumerated() {
                if place > 0 { text.append(UInt8(ascii: ",")) }
                append(number, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        }
        return text + [UInt8(ascii: "]")]
    }

    private static func append(_ number: UInt64, to text: inout [UInt8]) {
        let start = text.count
        var rest = number
        repeat {
            text.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        text[start...].reverse()
    }

    var kind: probe_io_kind {
        probe_io_kind(
            facts: facts, dev: device, length_bytes: length, points: points, cpus: cpus, issuer: issuer,
            end_context: endContext, complete_context: completeContext, reserved: 0, reserved2: 0)
    }

    /// More than any recording has: what is below can be added up.
    private static let most: UInt64 = 1 << 50

    /// Whether it has the form that all are written in, and its counts agree.
    var isSound: Bool {
        guard longest.count == Self.steps + 1, spreads.count == Self.steps, first <= last,
            queueWait.count == Int(PROBE_OCCUPANTS), taskWorkWait.count == Int(PROBE_OCCUPANTS),
            ios <= Self.most, errors <= ios, preempted <= ios, bytes <= Self.most << 12,
            rows.allSatisfy({ $0.count == Self.steps + 2 }), spreads.allSatisfy({ $0.count % 2 == 0 })
        else { return false }
        guard Self.ascend(rows.map { $0[0] }), Self.sum(rows.map { $0[Self.steps + 1] }) == ios else { return false }
        return spreads.enumerated().allSatisfy { step, spread in
            let (buckets, counts) = (Self.every(2, of: spread, from: 0), Self.every(2, of: spread, from: 1))
            return Self.ascend(buckets) && Self.sum(counts) == (points & 1 << UInt16(step) != 0 ? ios : 0)
        }
    }

    private static func every(_ step: Int, of numbers: [UInt64], from first: Int) -> [UInt64] {
        stride(from: first, to: numbers.count, by: step).map { numbers[$0] }
    }

    private static func ascend(_ numbers: [UInt64]) -> Bool {
        zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 } && (numbers.last ?? 0) < UInt64(buckets)
    }

    /// `nil` when it is too large.
    private static func sum(_ counts: [UInt64]) -> UInt64? {
        var sum: UInt64 = 0
        for count in counts {
            guard count <= most else { return nil }
            sum += count
        }
        return sum
    }
}
