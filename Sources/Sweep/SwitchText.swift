// SPDX-License-Identifier: GPL-2.0-only

/// What a switch of the kernel says when it is read, and what must be written to have it back.
public enum SwitchText {
    /// A list of choices with the present one in brackets (`none [mq-deadline]`) takes that one; anything else takes
    /// just what was read.
    public static func restoring(_ content: String) -> String {
        let words = content.split(whereSeparator: \.isWhitespace)
        let chosen = words.filter { $0.hasPrefix("[") && $0.hasSuffix("]") && $0.count > 2 }
        guard chosen.count == 1, words.count > 1 else { return content }
        return "\(chosen[0].dropFirst().dropLast())\n"
    }
}
