// SPDX-License-Identifier: GPL-2.0-only

import Comparison

extension Difference {
    /// A change in words: `~` instead when it may be chance; in brackets when it cannot be judged.
    package func marked(_ change: String) -> String {
        switch isSignificant {
        case true: change
        case false: "~"
        case nil: "(\(change))"
        }
    }
}
