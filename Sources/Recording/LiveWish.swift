// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// What is to be said of an interval that is watched.
public struct LiveWish {
    /// By what its I/Os are counted apart.
    public var groupings: [Grouping]
    /// Which of them; `nil`: all.
    public var filter: Filter?

    public struct Filter {
        /// Whether an I/O is wanted, given the kernel's rule of completion and the names that are known: these are taken in
        /// once for all I/Os of an interval.
        public var chooser: (CompletionRule, ReportSource) -> (DirectIO) -> Bool

        public init(chooser: @escaping (CompletionRule, ReportSource) -> (DirectIO) -> Bool) { self.chooser = chooser }
    }

    public init(groupings: [Grouping], filter: Filter? = nil) {
        (self.groupings, self.filter) = (groupings, filter)
    }
}
