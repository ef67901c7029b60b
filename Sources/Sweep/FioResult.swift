// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials

/// What fio measured in a run.
public struct FioResult: Codable, Equatable, Sendable {
    public var ios: UInt64
    /// The writes among them; `nil` in sweeps that were saved earlier.
    public var writes: UInt64?
    /// Per second.
    public var iops: Double
    public var bytesPerSecond: Double
    /// fio's `lat`, nanoseconds.
    public var meanLatency: Double

    public init(
        ios: UInt64, writes: UInt64? = nil, iops: Double, bytesPerSecond: Double, meanLatency: Double
    ) {
        self.ios = ios
        self.writes = writes
        self.iops = iops
        self.bytesPerSecond = bytesPerSecond
        self.meanLatency = meanLatency
    }

    /// What is wrong with fio's output; one line.
    public struct Problem: Error, Equatable {
        public let reason: String
    }

    /// Messages that fio writes in front of its JSON, and behind it, are passed over.
    ///
    /// - Parameters:
    ///   - output: untrusted.
    ///   - countsJobs: several jobs that ran at once are added up; else there may be but one.
    public init(output: [UInt8], countsJobs: Bool = false) throws(Problem) {
        guard let json = Self.object(in: output) else { throw Problem(reason: "fio printed no JSON") }
        let content: Content
        do {
            content = try JSONDecoder().decode(Content.self, from: Data(json))
        } catch {
            throw Problem(reason: "fio's JSON is not what fio 3 prints")
        }
        guard content.jobs.count == 1 || countsJobs && !content.jobs.isEmpty else {
            throw Problem(reason: "fio reports \(content.jobs.count) jobs, expected 1")
        }
        if let error = content.jobs.map(\.error).first(where: { $0 != 0 }) {
            throw Problem(reason: "fio reports error \(error)")
        }
        let directions = content.jobs.flatMap { [$0.read, $0.write] }
        let numbers = directions.flatMap { [$0.iops, $0.bw_bytes, $0.lat_ns.mean] }
        guard numbers.allSatisfy({ $0.isFinite && (0...1e15).contains($0) }) else {
            throw Problem(reason: "fio's JSON has numbers that cannot be")
        }
        var ios: UInt64 = 0
        for direction in directions {
            let (sum, overflows) = ios.addingReportingOverflow(direction.total_ios)
            guard !overflows else { throw Problem(reason: "fio's JSON has numbers that cannot be") }
            ios = sum
        }
        guard ios > 0 else { throw Problem(reason: "fio did no I/O") }
        let waited = directions.reduce(0) { $0 + $1.lat_ns.mean * Double($1.total_ios) }
        self.init(
            ios: ios, writes: content.jobs.reduce(0) { $0 &+ $1.write.total_ios },
            iops: directions.reduce(0) { $0 + $1.iops },
            bytesPerSecond: directions.reduce(0) { $0 + $1.bw_bytes }, meanLatency: waited / Double(ios))
    }

    /// From the first line that begins with a brace to the last one.
    private static func object(in output: [UInt8]) -> ArraySlice<UInt8>? {
        let (open, close, newline) = (UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\n"))
        let first = output.indices.first { output[$0] == open && ($0 == 0 || output[$0 - 1] == newline) }
        guard let first, let last = output.lastIndex(of: close), first < last else { return nil }
        return output[first...last]
    }

    /// The part of fio's JSON that is used; named as it is there.
    private struct Content: Decodable {
        var jobs: [Job]

        struct Job: Decodable {
            var error: Int
            var read: Direction
            var write: Direction
        }

        struct Direction: Decodable {
            var iops: Double
            var bw_bytes: Double
            var total_ios: UInt64
            var lat_ns: Latency
        }

        struct Latency: Decodable { var mean: Double }
    }
}
