// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Glibc

/// Where a layer's bio, kiocb or work has the one that it was made for: `struct probe_link`, by the function that the
/// kernel calls back with it.
///
/// A layer is a row of `ways`. Its structures are looked for in the BTF of its module, or of the kernel itself where it
/// is built in; a kernel that lacks a member or the function does not have that row.
struct KernelLinks: Sendable {
    private let found: [(way: Way, link: probe_link)]

    init(kernel btf: KernelBTF) {
        var modules: [String: KernelBTF] = [:]
        found = Self.ways.compactMap { way in
            let types = modules[way.module] ?? KernelBTF(module: way.module, of: btf) ?? btf
            modules[way.module] = types
            return way.link(in: types).map { (way, $0) }
        }
    }

    /// By the address of the function; of several rows for one function the first.
    func located(by symbols: KernelSymbols) -> [UInt64: probe_link] {
        var links: [UInt64: probe_link] = [:]
        for (way, link) in found where links.count < Int(PROBE_MAX_LINKS) {
            guard let address = symbols.address(of: way.function, module: way.module) else { continue }
            links[address] = links[address] ?? link
        }
        return links
    }

    /// The modules whose bios are followed, or what is built in instead of them.
    var layers: [String] {
        found.map(\.way).filter { $0.module != Self.kernel && !$0.stacksFiles }.map(\.module).reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
    }

    /// Functions of works that run the end_io of direct I/O, with the modules that they are in.
    var deliveringWorks: [(function: String, module: String)] {
        found.map(\.way).filter { $0.from == PROBE_LINK_WORK && $0.to == PROBE_LINK_BIO }
            .map { ($0.function, $0.module) }
            + Self.furtherDeliveringWorks.filter { access("/sys/module/\($0.module)", F_OK) == 0 }
    }

    private static let furtherDeliveringWorks = [
        ("nvme_tcp_io_work", "nvme_tcp"), ("verity_work", "dm_verity"), ("integrity_metadata", "dm_integrity"),
        ("f2fs_post_read_work", "f2fs"), ("btrfs_work_helper", "btrfs"),
    ].map { (function: $0, module: $1) }

    /// A file system may be there that keeps its files in those of others.
    static var stackFiles: Bool {
        let names = String(decoding: contents(ofKernelFile: "/proc/filesystems") ?? [], as: UTF8.self)
        return names.split(whereSeparator: \.isWhitespace).contains { $0 == "overlay" || $0 == "fuse" }
    }

    /// One of these is mounted.
    static var filesAreStacked: Bool {
        let mounts = String(decoding: contents(ofKernelFile: "/proc/self/mounts") ?? [], as: UTF8.self)
        return mounts.split(separator: "\n").contains { mount in
            let type = mount.split(separator: " ").dropFirst(2).first
            return type == "overlay" || type == "fuseblk" || type == "fuse" || type?.hasPrefix("fuse.") == true
        }
    }

    static let kernel = "vmlinux"

    /// From what a function is called with to what that was made for.
    struct Way: Sendable {
        let function: String
        /// Where it is, if it is not built in.
        let module: String
        let from: probe_link_end
        let steps: [Step]
        let to: probe_link_end

        init(
            _ function: String, _ module: String, from: probe_link_end = PROBE_LINK_BIO,
            to: probe_link_end = PROBE_LINK_BIO, _ steps: Step...
        ) {
            (self.function, self.module, self.from, self.to, self.steps) = (function, module, from, to, steps)
        }

        var stacksFiles: Bool { from == PROBE_LINK_KIOCB && to == PROBE_LINK_KIOCB }

        /// `nil` where a structure is another one than this row was written for.
        func link(in btf: KernelBTF) -> probe_link? {
            var (offsets, pending) = ([Int32](), 0)
            for step in steps {
                guard let offset = step.offset(in: btf) else { return nil }
                pending += offset
                guard step.isRead else { continue }
                offsets.append(Int32(pending))
                pending = 0
            }
            guard offsets.count <= Int(PROBE_LINK_STEPS) else { return nil }
            var link = probe_link()
            withUnsafeMutableBytes(of: &link.step) { bytes in
                for (index, offset) in offsets.enumerated() {
                    bytes.storeBytes(of: offset, toByteOffset: 4 * index, as: Int32.self)
                }
            }
            link.steps = UInt8(offsets.count)
            link.last = Int32(pending)
            link.from = UInt8(from.rawValue)
            link.to = UInt8(to.rawValue)
            return link
        }
    }

    enum Step: Sendable {
        /// Follow this pointer.
        case pointer(String, in: String)
        /// From a member to the structure that it is in.
        case up(String, in: String)
        /// From a structure to a member.
        case down(String, in: String)
        /// From what follows a structure in memory to that.
        case before(String)

        var isRead: Bool {
            if case .pointer = self { true } else { false }
        }

        func offset(in btf: KernelBTF) -> Int? {
            switch self {
            case .pointer(let member, let structure), .down(let member, let structure):
                btf.offset(of: member, in: structure)
            case .up(let member, let structure): btf.offset(of: member, in: structure).map { -$0 }
            case .before(let structure): btf.size(of: structure).map { -$0 }
            }
        }
    }
}

extension KernelLinks {
    private static let ownData = Step.pointer("bi_private", in: "bio")

    /// All that are known; where a kernel has several of one function, the first that fits.
    static let ways = blockLayer + deviceMapper + multipleDevices + fileSystems + backingFiles

    /// The parts of a bio that was split, before the last one; and direct I/O itself, above the layers.
    private static let blockLayer = [
        Way("bio_chain_endio", kernel, ownData),
        Way("iomap_dio_bio_end_io", kernel, to: PROBE_LINK_KIOCB, ownData, .pointer("iocb", in: "iomap_dio")),
        Way(
            "iomap_dio_simple_end_io", kernel, to: PROBE_LINK_KIOCB, .up("bio", in: "iomap_dio_simple"),
            .pointer("iocb", in: "iomap_dio_simple")),
        Way("dio_bio_end_aio", kernel, to: PROBE_LINK_KIOCB, ownData, .pointer("iocb", in: "dio")),
        Way("dio_bio_end_io", kernel, to: PROBE_LINK_KIOCB, ownData, .pointer("iocb", in: "dio")),
        Way(
            "blkdev_bio_end_io_async", kernel, to: PROBE_LINK_KIOCB, .up("bio", in: "blkdev_dio"),
            .pointer("iocb", in: "blkdev_dio")),
        Way("blkdev_bio_end_io", kernel, to: PROBE_LINK_KIOCB, ownData, .pointer("iocb", in: "blkdev_dio")),
    ]

    private static let deviceMapper = [
        Way(
            "clone_endio", "dm_mod", .up("clone", in: "dm_target_io"), .pointer("io", in: "dm_target_io"),
            .pointer("orig_bio", in: "dm_io")),
        Way(
            "end_clone_bio", "dm_mod", .up("clone", in: "dm_rq_clone_bio_info"),
            .pointer("orig", in: "dm_rq_clone_bio_info")),
        Way("crypt_endio", "dm_crypt", ownData, .pointer("base_bio", in: "dm_crypt_io")),
        Way(
            "kcryptd_crypt", "dm_crypt", from: PROBE_LINK_WORK, .up("work", in: "dm_crypt_io"),
            .pointer("base_bio", in: "dm_crypt_io")),
    ]

    private static let multipleDevices = [
        // Its own data are another thing by 7.2.
        Way("md_end_clone_io", "md_mod", .up("bio_clone", in: "md_io_clone"), .pointer("orig_bio", in: "md_io_clone")),
        Way("md_end_io_acct", "md_mod", .up("bio_clone", in: "md_io_acct"), .pointer("orig_bio", in: "md_io_acct")),
        Way("raid1_end_read_request", "raid1", ownData, .pointer("master_bio", in: "r1bio")),
        Way("raid1_end_write_request", "raid1", ownData, .pointer("master_bio", in: "r1bio")),
        Way("raid10_end_read_request", "raid10", ownData, .pointer("master_bio", in: "r10bio")),
        Way("raid10_end_write_request", "raid10", ownData, .pointer("master_bio", in: "r10bio")),
        // A read of one chunk.
        Way("raid5_align_endio", "raid456", ownData),
        Way("request_endio", "bcache", ownData, .up("cl", in: "search"), .pointer("orig_bio", in: "search")),
        Way("backing_request_endio", "bcache", ownData, .up("cl", in: "search"), .pointer("orig_bio", in: "search")),
        Way("bch_cache_read_endio", "bcache", ownData, .up("cl", in: "search"), .pointer("orig_bio", in: "search")),
        Way(
            "bch_data_insert_endio", "bcache", ownData, .up("cl", in: "data_insert_op"), .up("iop", in: "search"),
            .pointer("orig_bio", in: "search")),
    ]

    /// btrfs keeps a bio of its own around the one of direct I/O, and calls that one's end_io itself.
    private static let fileSystems =
        ["btrfs_simple_end_io", "simple_end_io", "btrfs_end_bio", "btrfs_orig_write_end_io", "orig_write_end_io"]
        .flatMap { function in
            let private_ = [Step.up("bio", in: "btrfs_bio"), .pointer("private", in: "btrfs_bio")]
            return [
                // 6.1: within a structure for the whole, in which that bio is.
                Way(function, "btrfs", private_[0], private_[1], .down("bio", in: "btrfs_dio_private")),
                Way(
                    function, "btrfs", to: PROBE_LINK_KIOCB, private_[0], private_[1], .pointer("iocb", in: "iomap_dio")
                ),
            ]
        }
        + ["btrfs_clone_write_end_io", "clone_write_end_io"].map { function in
            Way(
                function, "btrfs", ownData, .pointer("bioc", in: "btrfs_io_stripe"),
                .pointer("orig_bio", in: "btrfs_io_context"))
        }
        + ["btrfs_end_bio_work", "simple_end_io_work"].map { function in
            Way(
                function, "btrfs", from: PROBE_LINK_WORK, .up("end_io_work", in: "btrfs_bio"),
                .down("bio", in: "btrfs_bio"))
        }

    private static let backingFiles =
        ["backing_aio_rw_complete", "backing_aio_queue_completion"].map { function in
            Way(
                function, kernel, from: PROBE_LINK_KIOCB, to: PROBE_LINK_KIOCB, .up("iocb", in: "backing_aio"),
                .pointer("orig_iocb", in: "backing_aio"))
        }
        + ["ovl_aio_rw_complete", "ovl_aio_queue_completion"].map { function in
            Way(
                function, "overlay", from: PROBE_LINK_KIOCB, to: PROBE_LINK_KIOCB, .up("iocb", in: "ovl_aio_req"),
                .pointer("orig_iocb", in: "ovl_aio_req"))
        } + [
            Way(
                "backing_aio_complete_work", kernel, from: PROBE_LINK_WORK, to: PROBE_LINK_KIOCB,
                .up("work", in: "backing_aio"), .pointer("orig_iocb", in: "backing_aio")),
            Way(
                "ovl_aio_complete_work", "overlay", from: PROBE_LINK_WORK, to: PROBE_LINK_KIOCB,
                .up("work", in: "ovl_aio_req"), .pointer("orig_iocb", in: "ovl_aio_req")),
            // A request's own data follow it.
            Way(
                "lo_rw_aio_complete", "loop", from: PROBE_LINK_KIOCB, .up("iocb", in: "loop_cmd"), .before("request"),
                .pointer("bio", in: "request")),
        ]
}
