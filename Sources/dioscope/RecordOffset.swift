// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords

/// Where members of `struct probe_io` are, in bytes; the layout is pinned by the shared header.
enum RecordOffset {
    static let completeContext = MemoryLayout<probe_io>.offset(of: \.complete_context) ?? 3
    static let cpus = MemoryLayout<probe_io>.offset(of: \.submit_cpu) ?? 4
    static let facts = MemoryLayout<probe_io>.offset(of: \.facts) ?? 12
    static let inode = MemoryLayout<probe_io>.offset(of: \.inode) ?? 88
    static let device = MemoryLayout<probe_io>.offset(of: \.dev) ?? 104
    static let irq = MemoryLayout<probe_io>.offset(of: \.irq) ?? 120
}
