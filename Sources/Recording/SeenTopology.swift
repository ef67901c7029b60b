// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import FoundationEssentials
import Host

/// The CPUs and interrupts of the I/Os that a recording saw, and what the machine says of them.
struct SeenTopology {
    /// By CPU number.
    private var isSeen = [Bool](repeating: false, count: Int(PROBE_NO_CPU) + 1)
    private var interrupts: Set<UInt32> = []

    /// Takes in the CPUs of an I/O.
    mutating func note(_ io: UnsafePointer<probe_io>) {
        isSeen[Int(io.pointee.submit_cpu)] = true
        isSeen[Int(io.pointee.end_cpu)] = true
        isSeen[Int(io.pointee.worker_cpu)] = true
        isSeen[Int(io.pointee.complete_cpu)] = true
    }

    /// Takes in the interrupt that ended an I/O.
    mutating func note(interrupt: UInt32) {
        if interrupt != UInt32(truncatingIfNeeded: PROBE_NO_IRQ) { interrupts.insert(interrupt) }
    }

    private var cpus: [UInt16] {
        isSeen.indices.dropLast().filter { isSeen[$0] }.map { UInt16($0) }
    }

    /// Asks procfs and sysfs; what they do not say stays `nil`.
    func places() -> HostTopology {
        HostTopology(
            interrupts: interrupts.sorted().map(Self.interrupt), cpus: cpus.map(Self.cpu),
            unboundWorks: HostFacts.line(of: "/sys/devices/virtual/workqueue/cpumask"))
    }

    private static func interrupt(_ irq: UInt32) -> HostTopology.Interrupt {
        let directory = "/proc/irq/\(irq)"
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        var isDirectory = false
        let handler = entries.sorted().first {
            FileManager.default.fileExists(atPath: "\(directory)/\($0)", isDirectory: &isDirectory) && isDirectory
        }
        return HostTopology.Interrupt(
            irq: irq, name: handler, allowed: HostFacts.line(of: directory + "/smp_affinity_list"),
            effective: HostFacts.line(of: directory + "/effective_affinity_list"))
    }

    private static func cpu(_ cpu: UInt16) -> HostTopology.CPU {
        let directory = "/sys/devices/system/cpu/cpu\(cpu)"
        // The levels are in ascending order; the last one there is the one most CPUs share.
        let cache = (0..<8).reversed().lazy.compactMap {
            HostFacts.line(of: "\(directory)/cache/index\($0)/shared_cpu_list")
        }
        return HostTopology.CPU(
            cpu: cpu, core: HostFacts.line(of: directory + "/topology/thread_siblings_list"), cache: cache.first)
    }
}
