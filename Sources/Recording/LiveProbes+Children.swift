// SPDX-License-Identifier: GPL-2.0-only

import Host
import Probes

extension LiveProbes {
    /// Loaded, with the children that the filter's processes had meanwhile: loading takes seconds, and before the probes are
    /// attached no fork is seen.
    static func loaded(
        plan: ProbePlan, filter: ProbeFilter, sizes: Sizes, isVerbose: Bool = false, sink: RecordSink
    ) throws(ProbeError) -> LiveProbes {
        let probes = try LiveProbes(plan: plan, filter: filter, sizes: sizes, isVerbose: isVerbose, sink: sink)
        guard !filter.processes.isEmpty else { return probes }
        let known = Set(filter.processes)
        for process in ProcessTree().withChildren(filter.processes) where !known.contains(process) {
            try probes.trace(process: process)
        }
        return probes
    }
}
