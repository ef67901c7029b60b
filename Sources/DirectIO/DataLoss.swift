// SPDX-License-Identifier: GPL-2.0-only

/// One way in which a result is incomplete: counted, and carried along with the data to every output.
public struct DataLoss: Hashable, Sendable, Codable {
    /// A stable name, e.g. `ring-full`.
    public var what: String
    public var count: UInt64
    public var severity: Severity
    /// What it means and what to do about it, one line.
    public var help: String
    /// Nanoseconds that I/Os whose completion was not seen took at most, on average; `nil`: not known.
    public var timeAtMost: UInt64?

    public init(what: String, count: UInt64, severity: Severity, help: String, timeAtMost: UInt64? = nil) {
        self.what = what
        self.count = count
        self.severity = severity
        self.help = help
        self.timeAtMost = timeAtMost
    }

    public static let completionMissed = "completion-missed"
    /// The self-test of the probes failed.
    public static let contextsMisread = "contexts-misread"

    /// I/Os are missing from the result, and it is counted how many: what remains is a part of them that can be judged.
    public var isOfIOs: Bool { severity == .loss && Self.countingIOs.contains(what) }

    private static let countingIOs: Set = [
        "ring-full", "slots-full", "begin-missed", completionMissed, "unaccounted", "capture-ios-lost",
    ]

    /// I/Os that a recording left out because only a sample was asked for, or bursts were chosen.
    public static func sampledOut(_ count: UInt64) -> DataLoss {
        DataLoss(
            what: sampledOutName, count: count, severity: .info,
            help: "I/Os that passed the filters and were counted alone: between bursts, or as --sample says")
    }

    /// I/Os that a recording left out because its filters, or the choice of one command, say so.
    public static func filteredOut(_ count: UInt64) -> DataLoss {
        DataLoss(
            what: filteredOutName, count: count, severity: .info,
            help: "I/Os that were there and that the filters, or the choice of one command, left out")
    }

    /// Disks that give their I/O to others and came while recording.
    public static func lateStackedDisks(_ names: [String]) -> DataLoss {
        DataLoss(
            what: "late-layers", count: UInt64(names.count), severity: .info,
            help: "\(names.joined(separator: ", ")) came after the recording began, and nothing below is followed")
    }

    fileprivate static let filteredOutName = "filtered-out"
    fileprivate static let sampledOutName = "sampled-out"

    public enum Severity: String, Sendable, Codable {
        /// I/Os or stages are missing from the result.
        case loss
        /// Nothing is missing; it helps to read the result.
        case info

        /// A severity that a later version may have stored is a `loss`.
        public init(from decoder: any Decoder) throws {
            self = Severity(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .loss
        }
    }
}

extension [DataLoss] {
    /// I/Os that are missing from the result.
    public var lostIOs: UInt64 { reduce(0) { $1.isOfIOs ? $0 &+ $1.count : $0 } }

    /// The same with more I/Os that were left out at random.
    public func sampledOut(further count: UInt64) -> [DataLoss] {
        guard count > 0 else { return self }
        var losses = self
        if let place = losses.firstIndex(where: { $0.what == DataLoss.sampledOutName }) {
            losses[place].count &+= count
        } else {
            losses.append(.sampledOut(count))
        }
        return losses
    }

    /// I/Os that filters left out; see `DataLoss.filteredOut`.
    public var filteredOut: UInt64 { first { $0.what == DataLoss.filteredOutName }?.count ?? 0 }

    /// I/Os that were left out at random; see `DataLoss.sampledOut`.
    public var sampledOut: UInt64 { first { $0.what == DataLoss.sampledOutName }?.count ?? 0 }
}

extension [DataLoss] {
    /// What was added to those that there were earlier: of each the count alone.
    public func since(_ earlier: [DataLoss]) -> [DataLoss] {
        map { loss in
            var loss = loss
            let then = earlier.first { $0.what == loss.what }?.count ?? 0
            loss.count -= Swift.min(loss.count, then)
            return loss
        }
    }
}
