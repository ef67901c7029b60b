// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Glibc
import Rendering

/// The options that say how text looks.
struct StyleArguments: ParsableArguments {
    @Option(help: "Columns, 40 to 200; below 80 some are left out. Default: those of the terminal, 80 elsewhere.")
    var width: Int?

    @Option(help: "Colours: auto, always or never. auto: on a terminal, without NO_COLOR.")
    var color = ColorChoice.auto

    enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
        case auto, always, never
    }

    func validate() throws {
        if let width, !(40...200).contains(width) {
            throw ValidationError("--width \(width): 40 to 200 columns")
        }
    }

    /// - Parameter columns: those of what is no terminal.
    func style(for descriptor: Int32, elsewhere columns: Int = 80) -> TextStyle {
        Self.style(for: descriptor, width: width, color, elsewhere: columns)
    }

    /// Fit for where the text goes: colour only on a terminal, block characters only where they can be shown.
    static func style(
        for descriptor: Int32, width: Int? = nil, _ color: ColorChoice = .auto, elsewhere columns: Int = 80
    ) -> TextStyle {
        TextStyle(
            width: width ?? Terminal.columns(of: descriptor) ?? columns,
            characters: Terminal.isTerminal(descriptor) && localeIsUTF8 ? .utf8 : .ascii,
            palette: color == .always || color == .auto && Terminal.wantsColour(descriptor) ? .ansi : .plain,
            isASCIIOnly: Terminal.isTerminal(descriptor) && !localeIsUTF8)
    }

    private static var localeIsUTF8: Bool {
        let variables = ["LC_ALL", "LC_CTYPE", "LANG"]
        let names = variables.map { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
        let name = (names.first { !$0.isEmpty } ?? "").lowercased()
        return name.hasSuffix("utf-8") || name.hasSuffix("utf8")
    }
}
