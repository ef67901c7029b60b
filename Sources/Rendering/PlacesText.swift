// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Report

/// Below the table of CPUs: where the interrupts may come, and which CPUs are near each other.
struct PlacesText {
    let places: HostTopology
    let interruptCounts: [InterruptStatistics]
    let style: TextStyle
    /// Which CPUs share a core or a cache.
    let showsCaches: Bool

    private static let mostLines = 8

    var lines: [String] {
        interrupts.prefix(Self.mostLines).flatMap { $0 }
            + (showsCaches ? cores.prefix(Self.mostLines).flatMap { $0 } : [])
    }

    private var interrupts: [[String]] {
        places.interrupts.map { interrupt in
            var items = [interrupt.name, interrupt.allowed.map { "allowed on CPU \($0)" }].compactMap(\.self)
            if let effective = interrupt.effective, effective != interrupt.allowed {
                items.append("comes to \(effective)")
            }
            let counts = interruptCounts.first { $0.irq == interrupt.irq }
            if let each = counts?.iosPerInterrupt { items.append("\(Quantity.fixed(each, 1)) I/Os each time") }
            return TextLine.labelled("IRQ \(interrupt.irq)", items.map(style.escaped), width: style.width)
        }
    }

    /// Only what is more than one CPU by itself.
    private var cores: [[String]] {
        places.cpus.compactMap { cpu in
            let alone = "\(cpu.cpu)"
            let items = [
                cpu.core.flatMap { $0 == alone ? nil : "core shared by CPUs \($0)" },
                cpu.cache.flatMap { $0 == alone ? nil : "last cache by CPUs \($0)" },
            ].compactMap(\.self)
            return items.isEmpty
                ? nil : TextLine.labelled("CPU \(cpu.cpu)", items.map(style.escaped), width: style.width)
        }
    }
}
