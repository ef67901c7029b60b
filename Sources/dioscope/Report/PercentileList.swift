// SPDX-License-Identifier: GPL-2.0-only

import ArgumentParser

/// Percentiles as users write them: `99.9`, or several: `50,99,99.99`, `p99`. 0 is the shortest, 100 the longest.
struct PercentileList: ExpressibleByArgument, Equatable {
    let percentiles: [Double]

    init?(argument: String) {
        var percentiles: [Double] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let percent = Double(word.hasPrefix("p") ? word.dropFirst() : word), percent >= 0, percent <= 100
            else {
                ValueRefusal.note(argument, "percentiles are numbers from 0 to 100, as 99.9 or 50,99")
                return nil
            }
            percentiles.append(percent)
        }
        self.percentiles = percentiles
    }
}
