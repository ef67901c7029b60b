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
    /// Of the bio in a `struct iomap_dio_simple` (7.3), `nil` where there is none.
    var simpleBio: Int?
    /// The kernel has `iomap_dio_rw_begin` and its like.
    var hasTracepoints: Bool

    /// Of the running kernel; `nil` when its BTF lacks one of them.
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
        simpleBio = btf.offset(of: "bio", in: "iomap_dio_simple")
        hasTracepoints = btf.tracepointParameterCount("iomap_dio_rw_begin") != nil
    }

    private init(
        _ version: String, bio: (Int, Int), file: (Int, Int), pages: Int, waiter: Int, count: Int,
        simpleBio: Int? = nil,
        hasTracepoints: Bool = true
    ) {
        origin = "Debian's \(version) for x86-64"
        (bioPrivate, bioStatus) = bio
        (fileInode, fileMapping) = file
        (mappingPages, dioWaiter, iterCount) = (pages, waiter, count)
        (self.simpleBio, self.hasTracepoints) = (simpleBio, hasTracepoints)
    }

    /// Kernels of which the layout is known without their BTF: those of Debian. Another configuration may differ.
    public static let known: [String: KernelLayout] = [
        "5.10": KernelLayout(
            "5.10", bio: (64, 26), file: (32, 240), pages: 88, waiter: 44, count: 16, hasTracepoints: false),
        "6.1": KernelLayout(
            "6.1", bio: (64, 24), file: (32, 216), pages: 128, waiter: 56, count: 16, hasTracepoints: false),
        "6.12": KernelLayout("6.12", bio: (64, 25), file: (40, 24), pages: 88, waiter: 56, count: 24),
        "7.2": KernelLayout("7.2", bio: (72, 26), file: (32, 16), pages: 80, waiter: 56, count: 24),
        "7.3": KernelLayout("7.3", bio: (72, 26), file: (32, 16), pages: 80, waiter: 56, count: 24, simpleBio: 64),
    ]
}

extension KernelBTF {
    /// Of a member, in bytes from the start of `structure`; also of one in an unnamed struct or union.
    func offset(of member: String, in structure: String) -> Int? {
        members(of: structure)?.first { $0.name == member }.map { $0.bits / 8 }
    }
}
