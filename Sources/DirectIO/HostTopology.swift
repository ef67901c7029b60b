// SPDX-License-Identifier: GPL-2.0-only

/// Where the recorded machine lets things run, as sysfs and procfs had it at the end of the recording. Lists of CPUs are
/// the kernel's own text, e.g. `0-3,8`.
public struct HostTopology: Hashable, Sendable, Codable {
    public var interrupts: [Interrupt]
    public var cpus: [CPU]
    /// On which CPUs unbound work items may run: `/sys/devices/virtual/workqueue/cpumask`, hexadecimal.
    public var unboundWorks: String?

    public init(interrupts: [Interrupt], cpus: [CPU], unboundWorks: String?) {
        self.interrupts = interrupts
        self.cpus = cpus
        self.unboundWorks = unboundWorks
    }

    /// An interrupt that ended I/Os.
    public struct Interrupt: Hashable, Sendable, Codable {
        public var irq: UInt32
        /// The name of its handlers, e.g. `nvme0q1`.
        public var name: String?
        /// Where it may come: `smp_affinity_list`.
        public var allowed: String?
        /// Where it does: `effective_affinity_list`.
        public var effective: String?

        public init(irq: UInt32, name: String?, allowed: String?, effective: String?) {
            self.irq = irq
            self.name = name
            self.allowed = allowed
            self.effective = effective
        }
    }

    public struct CPU: Hashable, Sendable, Codable {
        public var cpu: UInt16
        /// CPUs on the same core, itself included: `thread_siblings_list`.
        public var core: String?
        /// CPUs with the same last cache, itself included: `shared_cpu_list`.
        public var cache: String?

        public init(cpu: UInt16, core: String?, cache: String?) {
            self.cpu = cpu
            self.core = core
            self.cache = cache
        }
    }

    public var isEmpty: Bool { interrupts.isEmpty && cpus.isEmpty && unboundWorks == nil }
}
