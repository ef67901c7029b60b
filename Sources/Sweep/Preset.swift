// SPDX-License-Identifier: GPL-2.0-only

/// Experiments of the patch series about direct I/O completion, as matrices. `Documentation/Letters.md` has the
/// figures of their cover letters beside measured ones.
public enum Preset: String, Sendable, CaseIterable {
    /// Writes of 4k to 16k, 64 at once: what deferring every completion costs, by size.
    case blockSizes = "block-sizes"
    /// 128 random writes at once, fio and the interrupt on one CPU, and on two.
    case oneCPU = "one-cpu"
    /// Few random writes at once: io_uring against libaio and the synchronous calls.
    case lowDepth = "low-depth"
    /// Random reads of one block, from one at once to 256, by libaio, io_uring and polling.
    case readDepth = "read-depth"

    public func plan(for targets: [Target]) -> SweepPlan {
        switch self {
        case .blockSizes:
            var plan = SweepPlan(
                targets: targets, engines: [.libaio], depths: [64], blockSizes: [4, 8, 12, 16].map { $0 << 10 },
                ops: [.randwrite])
            plan.size = 2 << 30
            return plan
        case .oneCPU:
            var plan = SweepPlan(
                targets: targets, engines: [.libaio], depths: [128], blockSizes: [4 << 10], ops: [.randwrite])
            plan.size = 2 << 30
            plan.versus = .cpus
            return plan
        case .lowDepth:
            return SweepPlan(
                targets: targets, engines: [.ioUring, .libaio, .psync], depths: [1, 2, 4, 8, 16],
                blockSizes: [4 << 10], ops: [.randwrite])
        case .readDepth:
            return SweepPlan(
                targets: targets, engines: [.libaio, .ioUring, .ioUringPoll], depths: [1, 64, 128, 256],
                blockSizes: [4 << 10], ops: [.randread])
        }
    }
}
