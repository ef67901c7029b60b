// SPDX-License-Identifier: GPL-2.0-only

import Selection

/// The words of the command line, before they are parsed: what the parser would refuse without help.
struct CommandLineWords {
    /// Without the name of the program.
    private(set) var words: [String]

    /// Options of `record` that have no value; all others take the next word, or `=`.
    private static let flags: Set<String> = [
        "--pack", "--no-pack", "--occupants", "--no-occupants", "--holders", "--no-holders", "--summary",
        "--probe-cost", "--quiet", "--verbose",
        "--help", "--version", "-h", "-q", "-v", "-qv", "-vq",
    ]

    init(_ words: [String]) {
        self.words = words
        if words.first == "record" { addTerminator() }
    }

    /// `record fio job.fio` means `record -- fio job.fio`.
    private mutating func addTerminator() {
        var position = 1
        while position < words.count {
            let word = words[position]
            guard word.hasPrefix("-"), word != "--" else { break }
            position += Self.flags.contains(word) || word.contains("=") ? 1 : 2
        }
        if position < words.count, words[position] != "--" { words.insert("--", at: position) }
    }

    /// - Parameter verbs: all there are.
    func checkVerb(among verbs: [String]) throws(Failure) {
        guard let verb = words.first, !verb.hasPrefix("-"), !verbs.contains(verb), verb != "help" else { return }
        let meant = Spelling.nearest(to: verb, among: verbs)
        throw Failure(
            .usage, "there is no verb '\(verb)'",
            hint: meant.map { "did you mean dioscope \($0)?" } ?? "dioscope --help names them")
    }
}
