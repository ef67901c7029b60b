// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Glibc

/// What the programs are verified with.
extension LiveProbes {
    static func settings(
        plan: ProbePlan, filter: ProbeFilter, sizes: Sizes, rings: ProbeRings
    ) -> probe_settings {
        var settings = probe_settings()
        settings.bucket_mask = UInt32(sizes.slots / Int(PROBE_BUCKET_SLOTS) - 1)
        settings.slots_elsewhere = ProbeState.hasNear(slots: sizes.slots) ? 0 : 1
        settings.ring_mask = UInt32(rings.count - 1)
        // Where I/Os are aggregated in the kernel, the first records of a kind are all that there is to do.
        // With a sample of them there are more, and they can wait.
        let isFirstOnly = sizes.keepsSummaries && sizes.summarySample <= 1
        settings.wake_every = isFirstOnly ? min(64, rings.wakeEvery) : rings.wakeEvery
        settings.irq_disable_counted = plan.countsIRQDisabling ? 1 : 0
        // Set by the lab alone, to see that a kernel whose contexts are misread is told as one.
        settings.contexts_misread = getenv("DIOSCOPE_MISREAD_CONTEXTS") == nil ? 0 : 1
        settings.activations_seen = plan.activatesWorks ? 1 : 0
        settings.witnessed = plan.witnessed
        settings.punts_seen = plan.includes("request_punted") ? 1 : 0
        settings.task_work_seen = plan.includes("request_completed") ? 1 : 0
        settings.clocks_run = plan.runsClocks ? 1 : 0
        settings.sample_every = filter.sampleEvery
        settings.pauses = filter.mayPause ? 1 : 0
        settings.counted_apart = plan.countsApart ? 1 : 0
        settings.layers = plan.links.layers.isEmpty && !plan.seesLayers ? 0 : 1
        settings.stacked_disks = plan.seesLayers ? 1 : 0
        settings.files_stack = KernelLinks.stackFiles ? 1 : 0
        settings.summary = sizes.keepsSummaries ? max(1, sizes.summarySample) : 0
        settings.filter_task = filter.processes.isEmpty ? 0 : 1
        if let inode = filter.inode {
            settings.filter_inode = 1
            settings.inode = inode
        }
        settings.filter_device = filter.devices.isEmpty ? 0 : 1
        if let comm = filter.comm {
            settings.filter_comm = 1
            withUnsafeMutableBytes(of: &settings.comm) { $0.copyBytes(from: comm.utf8.prefix(15)) }
        }
        return settings
    }
}
