// SPDX-License-Identifier: GPL-2.0-only

import Comparison

/// What bounds a comparison, in words.
enum RemarkText {
    static func text(of remark: Remark) -> String {
        switch remark {
        case .tooFewBlocks(let side, let count, let needed):
            "\(side.rawValue): \(Quantity.blocks(count)) too few for intervals, at least \(needed) are needed; record"
                + " longer, or cut shorter blocks with --block"
        case .tooFewRuns(let side, let count, let needed):
            "\(side.rawValue): \(count) run(s) are too few for intervals, at least \(needed) are needed"
        case .tooFewBoxes(let side, let count, let needed):
            "\(side.rawValue): \(count) box(es) are too few for intervals, at least \(needed) are needed"
        case .fewRuns(let side, let count, let preferred):
            "\(side.rawValue): only \(count) runs, so the intervals are wide; \(preferred) or more are better"
        case .savedReport(let side):
            "\(side.rawValue) is a saved report, or was recorded with --summary: it has means and shares, and nothing to make intervals"
                + " from"
        case .withinRuns:
            "the intervals are of blocks within runs: how runs of one side differ among themselves is in none of them;"
                + " for that, give 3 or more runs a side with --base and --new"
        case .tooFewBehind(let side, let percentile):
            "\(side.rawValue): too few I/Os are slower than its \(percentile.name) to say how far that may be off:"
                + " its change is in brackets; record longer, or more runs"
        case .cutOff(let side, let name): "\(side.rawValue): \(name) is cut off"
        case .loss(let side, let name, let what): "\(side.rawValue): \(name) lost data: \(what)"
        }
    }

    static func isWarning(_ remark: Remark) -> Bool {
        switch remark {
        case .withinRuns, .tooFewBehind: false
        default: true
        }
    }
}

extension Quantity {
    fileprivate static func blocks(_ count: Int) -> String { count == 1 ? "1 block is" : "\(count) blocks are" }
}
