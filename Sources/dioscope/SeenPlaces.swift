// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import FoundationEssentials

/// The CPUs and interrupts of the I/Os that a recording saw, and what the box says of them.
struct SeenPlaces {
    private var cpus: Set<UInt16> = []
    private var interrupts: Set<UInt32> = []
    private var lastCPUs: UInt64?
    private var lastInterrupt: UInt32?

    /// Takes in the record of an I/O. Mostly it has the places of the one before.
    mutating func note(_ record: UnsafeRawBufferPointer) {
        let four = record.loadUnaligned(fromByteOffset: RecordOffset.cpus, as: UInt64.self)
        if four != lastCPUs {
            lastCPUs = four
            for shift in stride(from: 0, to: 64, by: 16) {
                let cpu = UInt16(truncatingIfNeeded: four >> shift)
                if UInt32(cpu) != PROBE_NO_CPU { cpus.insert(cpu) }
            }
        }
        let irq = record.loadUnaligned(fromByteOffset: RecordOffset.irq, as: UInt32.self)
        if irq != lastInterrupt {
            lastInterrupt = irq
            if irq != UInt32(truncatingIfNeeded: PROBE_NO_IRQ) { interrupts.insert(irq) }
        }
    }

    /// Asks procfs and sysfs; what they do not tell stays `nil`.
    func places() -> CPUPlaces {
        CPUPlaces(
            interrupts: interrupts.sorted().map(Self.interrupt), cpus: cpus.sorted().map(Self.cpu),
            unboundWorks: Box.line(of: "/sys/devices/virtual/workqueue/cpumask"))
    }

    private static func interrupt(_ irq: UInt32) -> CPUPlaces.Interrupt {
        let directory = "/proc/irq/\(irq)"
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        var isDirectory = false
        let handler = entries.sorted().first {
            FileManager.default.fileExists(atPath: "\(directory)/\($0)", isDirectory: &isDirectory) && isDirectory
        }
        return CPUPlaces.Interrupt(
            irq: irq, name: handler, allowed: Box.line(of: directory + "/smp_affinity_list"),
            effective: Box.line(of: directory + "/effective_affinity_list"))
    }

    private static func cpu(_ cpu: UInt16) -> CPUPlaces.CPU {
        let directory = "/sys/devices/system/cpu/cpu\(cpu)"
        // The levels are in ascending order; the last one there is the one most CPUs share.
        let cache = (0..<8).reversed().lazy.compactMap { Box.line(of: "\(directory)/cache/index\($0)/shared_cpu_list") }
        return CPUPlaces.CPU(
            cpu: cpu, core: Box.line(of: directory + "/topology/thread_siblings_list"), cache: cache.first)
    }
}
