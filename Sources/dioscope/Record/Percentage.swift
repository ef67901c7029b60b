// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// A part as users write it: `2%`, `0.5%`.
struct Percentage: ExpressibleByArgument {
    /// More than 0, at most 1.
    let part: Double

    init?(argument: String) {
        guard argument.hasSuffix("%"), let percent = Double(argument.dropLast()), percent > 0, percent <= 100 else {
            ValueRefusal.note(argument, "a part is written like 2% or 0.5%, above 0% and up to 100%")
            return nil
        }
        part = percent / 100
    }
}
