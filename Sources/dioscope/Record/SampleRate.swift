// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// One I/O in how many is recorded, as `1/N`.
struct SampleRate: ExpressibleByArgument, CustomStringConvertible {
    let every: UInt32

    static let all = SampleRate(every: 1)

    private init(every: UInt32) { self.every = every }

    init?(argument: String) {
        guard argument.hasPrefix("1/"), let every = UInt32(argument.dropFirst(2)), (1...1_000_000).contains(every)
        else { return nil }
        self.every = every
    }

    var description: String { "1/\(every)" }
    var defaultValueDescription: String { "all" }
}
