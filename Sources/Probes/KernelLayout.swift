// SPDX-License-Identifier: GPL-2.0-only

/// Where the members lie that a kprobe event has to fetch, in bytes; and which functions there are to be probed.
public struct KernelLayout: Equatable, Sendable {
    /// Where the offsets come from, e.g. `this kernel's BTF`.
    public var origin: String
    var bioPrivate: Int
    var bioStatus: Int
    var fileInode: Int
    var fileMapping: Int
    var mappingPages: Int
    var dioWaiter: Int
    var iterCount: Int
    var inodeSuperBlock = 40
    var inodeNumber = 64
    var superBlockDevice = 16
    var inodeMapping = 48
    var inodeDevice = 76
    /// Lowest bit: data flow to the device.
    var iterDirection: Int
    /// Structures of `fs/direct-io.c`; `nil` where it is not built in.
    var legacy: LegacyLayout?
    /// Offset of the bio in a `struct blkdev_dio`; `nil` where single bios have no end_io of their own.
    var blockBio: Int?
    /// Offset of the bio in a `struct iomap_dio_simple` (7.3), `nil` where there is none.
    var simpleBio: Int?
    /// The kernel has `iomap_dio_rw_begin` and its like.
    var hasTracepoints: Bool
    /// The CPU's own timer has events of its own, `irq_vectors:local_timer_entry` and its like: on x86.
    var hasTimerEvents = true
    /// Function probes, which an interrupt can have while it interrupts another one; kprobes it cannot.
    var hasFunctionProbes: Bool
    /// Any, by `dynamic_events`; a kernel without CONFIG_KPROBE_EVENTS has none.
    var hasProbes: Bool

    /// The layout of the running kernel; `nil` when its BTF lacks one of them.
    public init?(_ btf: KernelBTF) {
        guard let bioPrivate = btf.offset(of: "bi_private", in: "bio"),
            let bioStatus = btf.offset(of: "bi_status", in: "bio"),
            let fileInode = btf.offset(of: "f_inode", in: "file"),
            let fileMapping = btf.offset(of: "f_mapping", in: "file"),
            let mappingPages = btf.offset(of: "nrpages", in: "address_space"),
            let dioWaiter = btf.offset(of: "wait_for_completion", in: "iomap_dio"),
            let iterCount = btf.offset(of: "count", in: "iov_iter"),
            let inodeSuperBlock = btf.offset(of: "i_sb", in: "inode"),
            let inodeNumber = btf.offset(of: "i_ino", in: "inode"),
            let superBlockDevice = btf.offset(of: "s_dev", in: "super_block")
        else { return nil }
        origin = "this kernel's BTF"
        (self.bioPrivate, self.bioStatus, self.fileInode) = (bioPrivate, bioStatus, fileInode)
        (self.fileMapping, self.mappingPages, self.dioWaiter) = (fileMapping, mappingPages, dioWaiter)
        (self.iterCount, self.inodeSuperBlock) = (iterCount, inodeSuperBlock)
        (self.inodeNumber, self.superBlockDevice) = (inodeNumber, superBlockDevice)
        inodeMapping = btf.offset(of: "i_mapping", in: "inode") ?? inodeMapping
        inodeDevice = btf.offset(of: "i_rdev", in: "inode") ?? inodeDevice
        // Before 5.14 it is a bit of the type.
        iterDirection =
            btf.offset(of: "data_source", in: "iov_iter") ?? btf.offset(of: "type", in: "iov_iter") ?? 0
        legacy = LegacyLayout(btf)
        blockBio = btf.hasFunction("blkdev_bio_end_io_async") ? btf.offset(of: "bio", in: "blkdev_dio") : nil
        simpleBio = btf.offset(of: "bio", in: "iomap_dio_simple")
        hasTracepoints = btf.tracepointParameterCount("iomap_dio_rw_begin") != nil
        hasTimerEvents = btf.tracepointParameterCount("local_timer_entry") != nil
        hasFunctionProbes = btf.hasStructure("trace_fprobe")
        hasProbes = hasFunctionProbes || btf.hasStructure("trace_kprobe")
    }

    private init(
        _ version: String, bio: (Int, Int), file: (Int, Int), pages: Int, waiter: Int, count: Int,
        simpleBio: Int? = nil, direction: Int = 2, legacy: LegacyLayout = .newest, blockBio: Int? = 64,
        hasTracepoints: Bool = true
    ) {
        origin = "Debian's \(version) for x86-64"
        (bioPrivate, bioStatus) = bio
        (fileInode, fileMapping) = file
        (mappingPages, dioWaiter, iterCount) = (pages, waiter, count)
        (self.simpleBio, self.hasTracepoints) = (simpleBio, hasTracepoints)
        (iterDirection, self.legacy, self.blockBio) = (direction, legacy, blockBio)
        // Both came with 6.5.
        hasFunctionProbes = hasTracepoints
        hasProbes = true
    }

    /// Kernels of which the layout is known without their BTF: those of Debian. Another configuration may differ.
    public static let known: [String: KernelLayout] = [
        "5.10": KernelLayout(
            "5.10", bio: (64, 26), file: (32, 240), pages: 88, waiter: 44, count: 16, direction: 0,
            legacy: LegacyLayout(inode: 24, defers: 68, error: 72, references: 80, iocb: 104), blockBio: nil,
            hasTracepoints: false),
        "6.1": KernelLayout(
            "6.1", bio: (64, 24), file: (32, 216), pages: 128, waiter: 56, count: 16,
            legacy: LegacyLayout(inode: 16, defers: 60, error: 64, references: 72, iocb: 96), hasTracepoints: false),
        "6.12": KernelLayout("6.12", bio: (64, 25), file: (40, 24), pages: 88, waiter: 56, count: 24),
        "7.2": KernelLayout("7.2", bio: (72, 26), file: (32, 16), pages: 80, waiter: 56, count: 24),
        "7.3": KernelLayout("7.3", bio: (72, 26), file: (32, 16), pages: 80, waiter: 56, count: 24, simpleBio: 64),
    ]
}

/// Members of `struct dio`.
struct LegacyLayout: Equatable, Sendable {
    var inode: Int
    var defers: Int
    var error: Int
    var references: Int
    var iocb: Int
}

extension LegacyLayout {
    init?(_ btf: KernelBTF) {
        guard btf.hasFunction("__blockdev_direct_IO"), let inode = btf.offset(of: "inode", in: "dio"),
            let defers = btf.offset(of: "defer_completion", in: "dio"),
            let error = btf.offset(of: "io_error", in: "dio"), let references = btf.offset(of: "refcount", in: "dio"),
            let iocb = btf.offset(of: "iocb", in: "dio")
        else { return nil }
        self.init(inode: inode, defers: defers, error: error, references: references, iocb: iocb)
    }

    /// Since 6.12.
    static let newest = LegacyLayout(inode: 16, defers: 68, error: 72, references: 80, iocb: 104)
}

extension KernelBTF {
    /// The offset of a member, in bytes from the start of `structure`; also of one in an unnamed struct or union.
    func offset(of member: String, in structure: String) -> Int? {
        members(of: structure)?.first { $0.name == member }.map { $0.bits / 8 }
    }
}
