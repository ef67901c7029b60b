// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Host
import Input

/// The options that say which part of a recording's time is wanted.
struct WindowArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only I/Os that were done from then on: a time since the recording began, e.g. 1.5s, or of the wall clock.",
            discussion: "12:30:05.5, of the nearest day, or 2026-11-28T12:30:05; local time, unless it ends in Z,"
                + " UTC or +01:00. A trace begins with its first I/O, and knows no wall clock."))
    var from: WindowBound?

    @Option(help: "Only I/Os that were done before then.")
    var to: WindowBound?

    func validate() throws {
        guard case .sinceStart(let first) = from?.bound, case .sinceStart(let last) = to?.bound, first >= last else {
            return
        }
        throw ValidationError("--to \(to?.text ?? "") is not after --from \(from?.text ?? "")")
    }

    var window: TimeWindow? {
        guard from != nil || to != nil else { return nil }
        let words = [from.map { "from \($0.text)" }, to.map { "to \($0.text)" }].compactMap(\.self)
        return TimeWindow(from: from?.bound, until: to?.bound, text: "done " + words.joined(separator: " "))
    }
}

/// Where the window begins or ends, as users write it.
struct WindowBound: ExpressibleByArgument {
    let text: String
    let bound: TimeWindow.Bound

    init?(argument: String) {
        text = argument
        if let time = WallTime(argument) {
            bound = .wall(time)
        } else if argument.allSatisfy({ $0 == "0" || $0 == "." || $0 == "s" }), argument.first == "0" {
            bound = .sinceStart(0)
        } else if let span = TimeSpan(argument: argument) {
            bound = .sinceStart(span.nanoseconds)
        } else {
            return nil
        }
    }
}
