// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import DirectIO
import FoundationEssentials
import Glibc
import Host

/// The files whose cached pages sent completions to a kworker, and who uses them so that pages get cached.
struct CachedFiles {
    struct File: Hashable {
        let device: DeviceNumber
        let inode: UInt64
    }

    private(set) var files: Set<File> = []
    private var last: File?

    private static let most = 16

    /// Whether an I/O was completed in a kworker and its file has cached pages. Mostly not.
    @inline(__always)
    static func isOne(_ io: UnsafePointer<probe_io>) -> Bool {
        io.pointee.facts & PROBE_FACT_PAGE_CACHE.rawValue != 0
            && UInt32(io.pointee.complete_context) == PROBE_CONTEXT_KWORKER.rawValue
    }

    /// Takes in the file of an I/O that is one.
    mutating func note(_ io: UnsafePointer<probe_io>) {
        let file = File(device: DeviceNumber(kernel: io.pointee.dev), inode: io.pointee.inode)
        guard file != last else { return }
        last = file
        if files.count < Self.most { files.insert(file) }
    }

    /// Looks through procfs, for some tenths of a second at most: what is not seen by then is left out.
    /// - Returns: `nil` when there is no such file.
    func users(procfs: String = "/proc") -> [FileUser]? {
        guard !files.isEmpty else { return nil }
        let end = HostClock.monotonic + Self.patience
        var users: [FileUser] = []
        for process in Procfs.numbers(in: procfs) where process != getpid() && HostClock.monotonic < end {
            let directory = "\(procfs)/\(process)"
            let open = openFiles(directory)
            let mapped = Self.mappedFiles(directory, among: files)
            guard !open.isEmpty || !mapped.isEmpty else { continue }
            let name = HostFacts.line(of: directory + "/comm") ?? ""
            users += (open.map { ($0, false) } + mapped.subtracting(open).map { ($0, true) }).map { file, isMapped in
                FileUser(
                    device: file.device, inode: file.inode, process: UInt32(process), name: name, isMapped: isMapped)
            }
            if users.count >= Self.most { break }
        }
        return users
    }

    private static let patience: UInt64 = 300_000_000

    /// Those of the files that it has open without `O_DIRECT`. Kernels from 5.14 on show the inode; only a file whose
    /// inode fits is asked for its device, for a file on a dead server would not answer.
    private func openFiles(_ directory: String) -> Set<File> {
        var found: Set<File> = []
        for number in Procfs.numbers(in: directory + "/fdinfo") {
            guard let text = try? String(contentsOfFile: "\(directory)/fdinfo/\(number)", encoding: .utf8),
                let info = OpenFileInfo(text), !info.isDirect, files.contains(where: { $0.inode == info.inode })
            else { continue }
            var status = stat()
            guard stat("\(directory)/fd/\(number)", &status) == 0 else { continue }
            let file = File(device: DeviceNumber(userNumber: UInt64(status.st_dev)), inode: UInt64(status.st_ino))
            if files.contains(file) { found.insert(file) }
        }
        return found
    }

    /// Those that it has mapped.
    static func mappedFiles(_ directory: String, among files: Set<File>) -> Set<File> {
        guard let text = try? Data(contentsOf: URL(filePath: directory + "/maps")) else { return [] }
        var found: Set<File> = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            if let file = mapped(String(decoding: line, as: UTF8.self)), files.contains(file) { found.insert(file) }
        }
        return found
    }

    /// `7f01-7f02 r--s 00000000 fd:01 12 /mnt/file`: the device is hexadecimal, the inode decimal.
    static func mapped(_ line: String) -> File? {
        let fields = line.split(separator: " ", maxSplits: 5)
        guard fields.count >= 5, let inode = UInt64(fields[4]), inode != 0 else { return nil }
        let numbers = fields[3].split(separator: ":").map { UInt32($0, radix: 16) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        return File(device: DeviceNumber(major: major, minor: minor), inode: inode)
    }
}

/// What `/proc/PID/fdinfo/N` says of an open file.
struct OpenFileInfo {
    let inode: UInt64
    let isDirect: Bool

    /// `O_DIRECT`, of which architectures have ideas of their own.
    #if arch(arm64)
        static let direct: Int32 = 0o200000
    #else
        static let direct: Int32 = 0o40000
    #endif

    /// `nil` before 5.14, which does not show the inode.
    init?(_ text: String) {
        let values = Procfs.fields(of: text)
        guard let inode = values["ino"].flatMap({ UInt64($0) }),
            let flags = values["flags"].flatMap({ Int32($0, radix: 8) })
        else { return nil }
        self.inode = inode
        isDirect = flags & Self.direct != 0
    }
}
