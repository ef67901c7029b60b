// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import FoundationEssentials
import Selection

/// The words of the command line, before they are parsed: what the parser would refuse without help.
struct CommandLineWords {
    /// Without the name of the program.
    private(set) var words: [String]

    init(_ words: [String]) {
        self.words = words
        if words.first == "record" { addTerminator() }
    }

    /// `record fio job.fio` means `record -- fio job.fio`.
    private mutating func addTerminator() {
        guard words.dropFirst().contains(where: { !$0.hasPrefix("-") }) else { return }
        let flags = FlagNames(of: RecordCommand.self)
        var position = 1
        while position < words.count {
            let word = words[position]
            guard word.hasPrefix("-"), word != "--" else { break }
            position += flags.contain(word) || word.contains("=") ? 1 : 2
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

/// The options of a command that have no value, from the command's own declaration; all others take the next word.
private struct FlagNames {
    /// Without their dashes.
    private let long: Set<String>
    private let short: Set<Character>

    init(of command: (some ParsableCommand).Type) {
        let help = try? JSONDecoder().decode(DumpedHelp.self, from: Data(command._dumpHelp().utf8))
        let names = (help?.command.arguments ?? []).filter { $0.kind == "flag" }.flatMap { $0.names ?? [] }
        long = Set(names.filter { $0.kind == "long" }.map(\.name) + ["version"])
        short = Set(names.filter { $0.kind == "short" }.compactMap(\.name.first))
    }

    /// `--quiet`, `-q`, or several of these as `-qv`.
    func contain(_ word: String) -> Bool {
        if word.hasPrefix("--") { return long.contains(String(word.dropFirst(2))) }
        return word.dropFirst().allSatisfy(short.contains)
    }

    /// What is read of the parser's description of a command.
    private struct DumpedHelp: Decodable {
        let command: Command

        struct Command: Decodable { let arguments: [Argument]? }
        struct Argument: Decodable {
            let kind: String
            let names: [Name]?
        }
        struct Name: Decodable {
            let kind: String
            let name: String
        }
    }
}
