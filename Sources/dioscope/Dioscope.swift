// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import CBuildStamp
import Glibc

/// The command line: verbs, and what becomes of their errors.
@main
struct Dioscope: ParsableCommand {
    static let version = "0.1.0"

    /// The version and, where `Scripts/build` wrote it, the commit.
    private static var versionAndBuild: String {
        let stamp = String(cString: build_stamp())
        return stamp.isEmpty ? version : "\(version) (\(stamp))"
    }

    static let configuration = CommandConfiguration(
        commandName: "dioscope",
        abstract: "Where did the latency of my direct I/O go after the device was done, and why?",
        discussion: """
            Follows every direct I/O from submit to completion, across interrupt, kworker and task_work, and prints \
            a report whose parts add up to the whole.

            EXAMPLES
              dioscope check
              sudo dioscope record -- fio job.fio
              dioscope report run1.dioscope
              dioscope list run1.dioscope | head
              dioscope compare run1.dioscope run2.dioscope
              sudo dioscope sweep --directory /mnt --preset low-depth
              sudo dioscope whatif -- fio job.fio
            """,
        version: versionAndBuild,
        subcommands: [
            CheckCommand.self, RecordCommand.self, LiveCommand.self, ReportCommand.self, ListCommand.self,
            CompareCommand.self, ExportCommand.self, PackCommand.self, ServeCommand.self, SweepCommand.self,
            WhatIfCommand.self, CompletionsCommand.self,
            GuardCommand.self,
        ])

    static func main() {
        // A reader that goes away is noticed at the write.
        signal(SIGPIPE, SIG_IGN)
        do {
            var words = CommandLineWords(Array(CommandLine.arguments.dropFirst()))
            try words.checkVerb(among: configuration.subcommands.compactMap { $0.configuration.commandName })
            if let verb = configuration.subcommands.first(where: { $0.configuration.commandName == words.words.first })
            {
                words.joinNegativeValues(in: verb)
                try words.checkCommand()
                try words.checkRepeats(in: verb)
            }
            var command = try parseAsRoot(words.words)
            try command.run()
        } catch let failure as Failure {
            failure.say()
            exit(withStatus: failure.status.rawValue)
        } catch {
            end(with: error)
        }
    }

    /// Help, exit codes, and errors of usage, which begin like all messages.
    private static func end(with error: any Error) -> Never {
        let message = Self.fullMessage(for: error, columns: nil)
        let status = Self.exitCode(for: error)
        if status == .success {
            do throws(Failure) {
                // Help and version: output like any other.
                if !message.isEmpty { try Terminal.write(message + "\n") }
            } catch {
                error.say()
                exit(withStatus: error.status.rawValue)
            }
            exit(withStatus: ExitStatus.ok.rawValue)
        }
        guard status == .validationFailure, message.hasPrefix(Self.mark) else { Self.exit(withError: error) }
        // What is allowed, and the usage, on lines of their own.
        let lines = message.dropFirst(Self.mark.count).split(separator: "\n", maxSplits: 1)
        Terminal.say(ValueRefusal.explained(String(lines.first ?? "")))
        if lines.count > 1 { try? Terminal.write(lines[1] + "\n", to: Terminal.messages) }
        exit(withStatus: ExitStatus.usage.rawValue)
    }

    /// What the parser of arguments begins its messages with.
    private static let mark = "Error: "

    private static func exit(withStatus status: Int32) -> Never {
        Glibc.exit(status)
    }
}
