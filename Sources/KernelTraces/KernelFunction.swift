// SPDX-License-Identifier: GPL-2.0-only

/// Functions of the kernel whose calls belong to a direct I/O; by the name that the kernel gives them.
public enum KernelFunction: String, Sendable, CaseIterable {
    case begin = "iomap_dio_rw"
    case innerBegin = "__iomap_dio_rw"
    case bioEnd = "iomap_dio_bio_end_io"
    case simpleBioEnd = "iomap_dio_simple_end_io"
    case complete = "iomap_dio_complete"
    case completeWork = "iomap_dio_complete_work"
    case simpleCompleteWork = "iomap_dio_simple_complete_work"
    case legacyCompleteWork = "dio_aio_complete_work"
    case libaioComplete = "aio_complete_rw"
    case uringComplete = "io_complete_rw"
    case uringPollComplete = "io_complete_rw_iopoll"
    case uringRequestComplete = "io_req_rw_complete"
    /// Called for a block device, also for what is not direct.
    case blockRead = "blkdev_read_iter"
    case blockWrite = "blkdev_write_iter"
    case blockBioEnd = "blkdev_bio_end_io"
    case blockAsyncBioEnd = "blkdev_bio_end_io_async"
    /// In `fs/direct-io.c`.
    case legacyBegin = "__blockdev_direct_IO"
    case legacyBioEnd = "dio_bio_end_aio"
    case legacySyncBioEnd = "dio_bio_end_io"
    case legacyComplete = "dio_complete"
    /// Any other.
    case other = ""

    /// As a work's function: completes a direct I/O.
    public var completesDirectIO: Bool {
        self == .completeWork || self == .simpleCompleteWork || self == .legacyCompleteWork
    }

    /// A direct I/O begins with it.
    public var begins: Bool {
        switch self {
        case .begin, .innerBegin, .blockRead, .blockWrite, .legacyBegin: true
        default: false
        }
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// A compiler may put something behind the name: `.llvm.123`, `.isra.0`.
    static func named(_ name: String) -> KernelFunction {
        if let function = byName[name] { return function }
        return name.firstIndex(of: ".").flatMap { byName[String(name[..<$0])] } ?? .other
    }
}
