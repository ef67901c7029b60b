// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// I/O that was there and is not in the report, since it takes none of the ways that are followed.
public enum UnseenIO: Equatable, Sendable {
    /// Files were opened with `O_DIRECT` on a file system of which not one I/O came.
    case fileSystem(OtherIO.DirectFiles)
    /// Files were opened for writing with `O_DIRECT` on a file system of which only reads came, of a kind that writes
    /// some files in another way than it reads them.
    case writes(OtherIO.DirectFiles)
    /// The command moved so many bytes, and hardly any of them by direct I/O that was followed.
    /// - Parameter direct: bytes of the I/Os that were.
    case command(DirectIO.Operation, bytes: UInt64, direct: UInt64)
    /// The command moved nothing to or from a disk, and no I/O was recorded.
    case noDisk

    /// There was direct I/O, and all of it was left out.
    case filteredOut(UInt64)
    case sampledOut(UInt64)

    /// Less than this is no more than what starting a program takes.
    static let fewestBytes: UInt64 = 1 << 20
    /// The same for one that does do direct I/O: a large program with its libraries, read from disk for the first time.
    static let fewestBesides: UInt64 = 8 << 20
    /// Below this part of the bytes, direct I/O is not what the command did.
    static let smallPart = 0.1

    /// Why there is not one I/O, when there were some: whatever else was seen is less of a reason.
    static func leftOut(_ loss: [DataLoss]) -> UnseenIO? {
        loss.sampledOut > 0
            ? .sampledOut(loss.sampledOut) : loss.filteredOut > 0 ? .filteredOut(loss.filteredOut) : nil
    }

    /// - Parameters:
    ///   - devices: numbers that I/Os of the recording go by.
    ///   - written: those of them of which there are writes.
    ///   - directBytes: of a kind of I/O, by those of the recording.
    static func all(
        in source: ReportSource, devices: Set<DeviceNumber>, written: Set<DeviceNumber>,
        directBytes: (DirectIO.Operation) -> UInt64
    ) -> [UnseenIO] {
        guard let other = source.other else { return [] }
        // What a filter leaves out is not unseen.
        let isOfAll = source.filters.allSatisfy { isAny($0, of: ["--pid", "--comm", "--unit", "--cgroup"]) }
        guard isOfAll || other.opensFiltered == true && !source.filters.contains(where: { isAny($0, of: ["--sample"]) })
        else { return [] }
        let opened = files(other.opened ?? [], devices, written, source)
        return isOfAll ? opened + moved(other.command, directBytes) : opened
    }

    private static func isAny(_ filter: String, of options: [String]) -> Bool {
        options.contains { filter.hasPrefix($0 + " ") }
    }

    /// A file system below overlayfs has its files opened too, and its I/Os go by the upper one's number.
    private static func files(
        _ opened: [OtherIO.DirectFiles], _ devices: Set<DeviceNumber>, _ written: Set<DeviceNumber>,
        _ source: ReportSource
    ) -> [UnseenIO] {
        let hasUpper = source.devices.contains {
            devices.contains($0.device) && ($0.fileSystem == "overlay" || $0.fileSystem?.hasPrefix("fuse") == true)
        }
        guard !hasUpper else { return [] }
        return opened.compactMap { files in
            if !devices.contains(files.device) { return .fileSystem(files) }
            let writesApart = files.fileSystem == "btrfs" && files.forWriting ?? 0 > 0
            return writesApart && !written.contains(files.device) ? .writes(files) : nil
        }
    }

    private static func moved(
        _ command: OtherIO.CommandIO?, _ directBytes: (DirectIO.Operation) -> UInt64
    ) -> [UnseenIO] {
        guard let command else { return [] }
        if command.read == 0, command.written == 0, directBytes(.read) == 0, directBytes(.write) == 0 {
            return [.noDisk]
        }
        let all = directBytes(.read) + directBytes(.write)
        return [(DirectIO.Operation.read, command.read), (.write, command.written)].compactMap { operation, bytes in
            let direct = directBytes(operation)
            guard bytes >= (all >= fewestBytes ? fewestBesides : fewestBytes),
                Double(direct) < smallPart * Double(bytes)
            else { return nil }
            return .command(operation, bytes: bytes, direct: direct)
        }
    }
}
