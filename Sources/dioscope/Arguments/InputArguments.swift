// SPDX-License-Identifier: GPL-2.0-only

/// The files that a verb reads.
enum InputArguments {
    /// Those that were named, or else standard input where something was put there: a pipe or a file.
    static func named(_ files: [String]) -> [String] {
        files.isEmpty && Terminal.isPipedInto ? ["-"] : files
    }
}
