// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// `dioscope completions`: what a shell needs to complete our words.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the script by which a shell completes verbs, options and files.",
        discussion: """
            EXAMPLES
              dioscope completions bash > /usr/share/bash-completion/completions/dioscope
              dioscope completions zsh > ~/.zfunc/_dioscope
              dioscope completions fish > ~/.config/fish/completions/dioscope.fish

            EXIT STATUS
              0    success
              64   usage
              74   the output cannot be written
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        let known: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        try Terminal.write(Dioscope.completionScript(for: known))
    }
}
