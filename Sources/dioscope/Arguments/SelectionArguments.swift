// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Attribution
import Selection

/// The option that says which I/Os of a recording are wanted.
struct SelectionArguments: ParsableArguments {
    @Option(name: .customLong("where"), help: "Only I/Os for which this holds, e.g. 'latency>1ms and context=kworker'.")
    var expression: String?

    /// For the help of the commands that have it.
    static let help = """
        FIELDS
        \(fields)
          Compare by = != < <= > >= and combine by and, or, not and parentheses.
          Durations need a unit (ns us ms s), sizes may have one (k M G); times are
          +3.2s since the recording began, 15:04:05.5 by the wall clock, or as JSON has
          them. file is a path or its last part, layer any device that an I/O came
          through. Quote 'what has spaces'. A field that was not seen satisfies no comparison;
          FIELD=none asks for that. FIRST..LAST is a span between whose ends no point
          was seen, e.g. device..hand_off.
        """

    private static let fields: String = {
        var lines = [""]
        for name in IOField.ofConditions.map(\.name) {
            let line = lines[lines.count - 1]
            let longer = line.isEmpty ? "  " + name : line + " " + name
            if longer.count > 78 { lines.append("  " + name) } else { lines[lines.count - 1] = longer }
        }
        return lines.joined(separator: "\n")
    }()

    func parsed() throws(Failure) -> IOSelection? {
        guard let expression else { return nil }
        do {
            return try IOSelection(parsing: expression)
        } catch {
            throw Failure(.usage, "--where, \(error)")
        }
    }

    static func order(_ text: String) throws(Failure) -> IOOrder {
        do {
            return try IOOrder(parsing: text)
        } catch {
            throw Failure(.usage, "--sort, \(error)")
        }
    }
}
