// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser
import Rendering
import SystemPackage

/// `dioscope report`: where the time of a capture's I/Os went.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Print where the latency of a capture's I/Os went.",
        discussion: """
            EXAMPLES
              dioscope report run1.dioscope
              dioscope report --width 120 run1.dioscope
              dioscope report --json run1.dioscope | jq .queue_wait
              dioscope report --schema

            EXIT STATUS
              0   2 the capture is cut or damaged: the report is of what could be read
              64 usage   65 not a capture   66 the file cannot be opened   74 the output cannot be written
            """)

    @Argument(help: "The capture.")
    var file: String?

    @Flag(help: "Print the report as one JSON object; its form is a contract, see --schema.")
    var json = false

    @Flag(help: "Print the JSON Schema of --json, and nothing else.")
    var schema = false

    @OptionGroup var style: StyleArguments

    func validate() throws {
        guard schema || file != nil else { throw ValidationError("which capture? dioscope report FILE") }
    }

    func run() throws {
        guard !schema, let file else { return try Terminal.write(JSONSchema.text) }
        let made = try MadeReport(of: FilePath(file))
        try Terminal.write(json ? made.json : made.text(style.style(for: Terminal.output)))
        try made.complainOfDamage()
    }
}
