// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import FoundationEssentials
import Glibc

/// What a traced fio says of its own I/Os in its JSON: `--output-format=json`, with `--output=FILE` or without.
enum FioAccount {
    /// Where the command writes its JSON.
    enum Destination: Equatable {
        case file(String)
        case standardOutput
    }

    /// `nil` when it is not fio, or writes none.
    static func destination(in command: [String]) -> Destination? {
        guard let program = command.first, program.split(separator: "/").last == "fio" else { return nil }
        let format = value(of: "--output-format", in: command)?.split(separator: ",") ?? []
        guard format.contains(where: { $0.hasPrefix("json") }) else { return nil }
        return value(of: "--output", in: command).map { .file($0) } ?? .standardOutput
    }

    private static func value(of option: String, in words: [String]) -> String? {
        for (place, word) in words.enumerated() {
            if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
            if word == option, words.indices.contains(place + 1) { return words[place + 1] }
        }
        return nil
    }

    /// `nil` when there is nothing of the kind in it, or it is older than the recording.
    /// - Parameter started: when the recording began, nanoseconds since 1970.
    static func read(_ path: String, since started: Int64) -> ApplicationAccount? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < mostBytes,
            Int64(status.st_mtim.tv_sec) >= started / 1_000_000_000,
            let content = try? Data(contentsOf: URL(filePath: path))
        else { return nil }
        return account(from: content)
    }

    private static let mostBytes = 64 << 20

    /// - Parameter content: untrusted. Messages in front of the JSON are passed over.
    static func account(from content: Data) -> ApplicationAccount? {
        guard let first = content.firstIndex(of: UInt8(ascii: "{")),
            let last = content.lastIndex(of: UInt8(ascii: "}")),
            first < last, let output = try? JSONDecoder().decode(Output.self, from: content[first...last])
        else { return nil }
        let parts = output.jobs.flatMap { [$0.read, $0.write, $0.trim].compactMap(\.self) }.filter { $0.total_ios > 0 }
        var ios: UInt64 = 0
        for part in parts {
            let (sum, overflows) = ios.addingReportingOverflow(part.total_ios)
            guard !overflows,
                [part.lat_ns.mean, part.slat_ns.mean, part.clat_ns.mean].allSatisfy({ (0...1e15).contains($0) })
            else { return nil }
            ios = sum
        }
        guard ios > 0 else { return nil }
        func mean(_ latency: KeyPath<Direction, Latency>) -> Double {
            parts.reduce(0) { $0 + $1[keyPath: latency].mean * Double($1.total_ios) } / Double(ios)
        }
        // A synchronous engine has no submission of its own.
        let submission = mean(\.slat_ns)
        var account = ApplicationAccount(
            name: output.version ?? "fio", jobs: output.jobs.compactMap(\.jobname), ios: ios,
            submission: submission > 0 ? submission : nil, completion: mean(\.clat_ns), total: mean(\.lat_ns))
        // Those of several jobs, or of reads and writes, do not add up to those of all.
        if parts.count == 1 { account.percentiles = parts[0].clat_ns.percentiles }
        return account
    }

    /// The part of fio's JSON that is used; named as it is there.
    private struct Output: Decodable {
        var version: String?
        var jobs: [Job]

        enum CodingKeys: String, CodingKey {
            case version = "fio version"
            case jobs
        }
    }

    private struct Job: Decodable {
        var jobname: String?
        var read: Direction?
        var write: Direction?
        var trim: Direction?
    }

    private struct Direction: Decodable {
        var total_ios: UInt64
        var slat_ns: Latency
        var clat_ns: Latency
        var lat_ns: Latency
    }

    private struct Latency: Decodable {
        var mean: Double
        /// By their number: `99.900000`.
        var percentile: [String: UInt64]?

        var percentiles: [ApplicationAccount.Percentile]? {
            let known = (percentile ?? [:]).compactMap { percent, nanoseconds in
                Double(percent).map { ApplicationAccount.Percentile(percent: $0, nanoseconds: nanoseconds) }
            }
            return known.isEmpty ? nil : known.sorted { $0.percent < $1.percent }
        }
    }
}
