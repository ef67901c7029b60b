// SPDX-License-Identifier: GPL-2.0-only

/// Names of captures that were given none.
enum CaptureNames {
    /// To be tried one after the other: with a number when there is one of that name already.
    static func numbered(_ base: String) -> [String] {
        [base + ".dioscope"] + (2...99).map { "\(base)-\($0).dioscope" }
    }
}
