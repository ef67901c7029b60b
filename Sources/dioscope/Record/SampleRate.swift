// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// One I/O in how many is recorded, as `1/N`, or `10%` where that is one in a whole number.
struct SampleRate: ExpressibleByArgument, CustomStringConvertible {
    let every: UInt32

    static let all = SampleRate(every: 1)

    private init(every: UInt32) { self.every = every }

    init?(argument: String) {
        guard let every = Self.every(argument) else {
            ValueRefusal.note(argument, "one in N is written like 1/10 or 10%, N a whole number up to 1000000")
            return nil
        }
        self.every = every
    }

    private static func every(_ argument: String) -> UInt32? {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), percent >= 0.0001, percent <= 100 else { return nil }
            let every = (100 / percent).rounded()
            return abs(every * percent - 100) < 1e-6 ? UInt32(every) : nil
        }
        guard argument.hasPrefix("1/"), let every = UInt32(argument.dropFirst(2)), (1...1_000_000).contains(every)
        else { return nil }
        return every
    }

    var description: String { "1/\(every)" }
    var defaultValueDescription: String { "all" }
}

/// The option that leaves I/Os out at random.
struct SampleArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Record one I/O in N, chosen at random at its submission: 1/10 or 10%.",
            discussion: "All are counted; a report of a sample says how far its shares may be off.",
            valueName: "1/N"))
    var sample: SampleRate = .all

    /// In the user's words, for the capture.
    var words: [String] { sample.every > 1 ? ["--sample \(sample)"] : [] }
}
