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

    /// `record -- $COMMAND`, where that is nothing, does not mean the whole machine.
    func checkCommand() throws(Failure) {
        guard words.firstIndex(of: "--") == words.count - 1, words.count > 1 else { return }
        throw Failure(
            .usage, "\(words[0]) --: no command comes after it",
            hint: words[0] == "record" ? "to record the whole machine: dioscope record --duration 10s" : nil)
    }

    /// - Parameter verbs: all there are.
    func checkVerb(among verbs: [String]) throws(Failure) {
        // `help VERB` too.
        let named = words.first == "help" ? words.dropFirst().first : words.first
        guard let verb = named, !verb.hasPrefix("-"), !verbs.contains(verb), verb != "help" else { return }
        let meant = Spelling.nearest(to: verb, among: verbs)
        throw Failure(
            .usage, "there is no verb '\(verb)'",
            hint: meant.map { "did you mean dioscope \($0)?" } ?? "dioscope --help names them")
    }
}

extension CommandLineWords {
    /// `--limit -3` gives a negative number, not an option: what is wrong with it is said of the number.
    mutating func joinNegativeValues(in command: (some ParsableCommand).Type) {
        let options = OptionNames(of: command)
        var position = 1
        while position + 1 < words.count, words[position] != "--" {
            let (word, next) = (words[position], words[position + 1])
            position += 1
            guard word.hasPrefix("--"), !word.contains("="), options.option(word) != nil, next.hasPrefix("-"),
                next.dropFirst().first.map({ $0.isNumber || $0 == "." }) ?? false
            else { continue }
            words[position - 1] = word + "=" + next
            words.remove(at: position)
        }
    }

    /// An option of one value that is given twice would keep the last in silence.
    /// - Parameter command: what the verb runs.
    func checkRepeats(in command: (some ParsableCommand).Type) throws(Failure) {
        let options = OptionNames(of: command)
        var seen: Set<String> = []
        var position = 1
        while position < words.count, words[position] != "--" {
            let word = words[position]
            position += 1
            guard let option = options.option(word) else { continue }
            if !word.contains("=") { position += 1 }
            guard !option.isRepeating, !seen.insert(option.name).inserted else { continue }
            throw Failure(
                .usage, "--\(option.name) is given more than once, and has one value",
                hint: option.name == "where" ? "conditions are joined by 'and': --where 'A and B'" : "give it once")
        }
    }
}

/// The options of a command that have a value, from the command's own declaration.
private struct OptionNames {
    private let options: [(names: [String], isRepeating: Bool)]

    init(of command: (some ParsableCommand).Type) {
        options = DumpedHelp.arguments(of: command).filter { $0.kind == "option" }.map { argument in
            let names = (argument.names ?? []).sorted { $0.name.count > $1.name.count }
            return (names.map { ($0.kind == "short" ? "-" : "--") + $0.name }, argument.isRepeating ?? false)
        }
    }

    /// `--where`, `--where=...`, `-o`; without its dashes, by its long name.
    func option(_ word: String) -> (name: String, isRepeating: Bool)? {
        let name = String(word.prefix { $0 != "=" })
        guard let option = options.first(where: { $0.names.contains(name) }), let long = option.names.first else {
            return nil
        }
        return (String(long.drop { $0 == "-" }), option.isRepeating)
    }
}

/// The options of a command that have no value, from the command's own declaration; all others take the next word.
private struct FlagNames {
    /// Without their dashes.
    private let long: Set<String>
    private let short: Set<Character>

    init(of command: (some ParsableCommand).Type) {
        let names = DumpedHelp.arguments(of: command).filter { $0.kind == "flag" }.flatMap { $0.names ?? [] }
        long = Set(names.filter { $0.kind == "long" }.map(\.name) + ["version"])
        short = Set(names.filter { $0.kind == "short" }.compactMap(\.name.first))
    }

    /// `--quiet`, `-q`, or several of these as `-qv`.
    func contain(_ word: String) -> Bool {
        if word.hasPrefix("--") { return long.contains(String(word.dropFirst(2))) }
        return word.dropFirst().allSatisfy(short.contains)
    }
}

/// What is read of the parser's description of a command.
private struct DumpedHelp: Decodable {
    let command: Command

    struct Command: Decodable { let arguments: [Argument]? }
    struct Argument: Decodable {
        let kind: String
        let names: [Name]?
        let isRepeating: Bool?
    }
    struct Name: Decodable {
        let kind: String
        let name: String
    }

    static func arguments(of command: (some ParsableCommand).Type) -> [Argument] {
        let help = try? JSONDecoder().decode(DumpedHelp.self, from: Data(command._dumpHelp().utf8))
        return help?.command.arguments ?? []
    }
}
