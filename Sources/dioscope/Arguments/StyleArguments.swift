// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Glibc
import Rendering

/// The options that say how text looks.
struct StyleArguments: ParsableArguments {
    @Option(help: "Columns, 80 to 200. Default: those of the terminal, 80 elsewhere.")
    var width: Int?

    @Option(help: "Colours: auto, always or never. auto: on a terminal, without NO_COLOR.")
    var color = ColorChoice.auto

    enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
        case auto, always, never
    }

    func validate() throws {
        if let width, !(80...200).contains(width) {
            throw ValidationError("--width \(width): 80 to 200 columns")
        }
    }

    func style(for descriptor: Int32) -> TextStyle {
        Self.style(for: descriptor, width: width, color)
    }

    /// Fit for where the text goes: colour only on a terminal, block characters only where they can be shown.
    static func style(for descriptor: Int32, width: Int? = nil, _ color: ColorChoice = .auto) -> TextStyle {
        TextStyle(
            width: width ?? Terminal.columns(of: descriptor) ?? 80,
            characters: Terminal.isTerminal(descriptor) && localeIsUTF8 ? .utf8 : .ascii,
            palette: color == .always || color == .auto && Terminal.wantsColour(descriptor) ? .ansi : .plain)
    }

    private static var localeIsUTF8: Bool {
        let variables = ["LC_ALL", "LC_CTYPE", "LANG"]
        let names = variables.map { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
        let name = (names.first { !$0.isEmpty } ?? "").lowercased()
        return name.hasSuffix("utf-8") || name.hasSuffix("utf8")
    }
}
