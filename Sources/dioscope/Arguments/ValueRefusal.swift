// SPDX-License-Identifier: GPL-2.0-only

import Synchronization

/// Why the value of an option was refused: the parser of arguments takes no reason from what parses a value.
enum ValueRefusal {
    private static let last = Mutex<(value: String, reason: String)?>(nil)

    /// To be called by an initializer that returns `nil`.
    static func note(_ value: String, _ reason: String) { last.withLock { $0 = (value, reason) } }

    /// The parser's line with the reason, if that is known: `--duration 5: a time has a unit, as in 5s`.
    static func explained(_ line: String) -> String {
        guard let known = last.withLock({ $0 }) else { return line }
        let head = "The value '\(known.value)' is invalid for '"
        guard line.hasPrefix(head) else { return line }
        let option = line.dropFirst(head.count).prefix { $0 != "'" && $0 != " " }
        return "\(option) \(known.value): \(known.reason)"
    }
}
