// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Glibc
import Host
import Sweep

/// Where fio reads and writes: the sweep's own file in a directory, laid out when it is first needed; or a device.
final class SweptTarget {
    let target: Target
    /// What fio opens.
    let file: String
    private let size: UInt64
    private var isLaidOut = false

    init(_ target: Target, size: UInt64) {
        self.target = target
        self.size = size
        file = target.kind == .device ? target.path : "\(target.path)/dioscope-sweep-\(getpid()).data"
    }

    /// The target as it is here, or why it cannot be one.
    static func found(_ kind: Target.Kind, _ path: String) throws(Failure) -> Target {
        let option = kind == .device ? "--device" : "--directory"
        guard let resolved = realpath(path, nil) else {
            throw Failure(.noInput, "\(option) \(path): \(errorText())")
        }
        defer { free(resolved) }
        let path = String(cString: resolved)
        var status = stat()
        stat(path, &status)
        let expected = kind == .device ? S_IFBLK : S_IFDIR
        guard status.st_mode & S_IFMT == expected else {
            throw Failure(
                .noInput, "\(option) \(path): not a \(kind == .device ? "block device" : "directory")")
        }
        guard kind == .directory else { return Target(kind: kind, path: path) }
        let device = DeviceNumber(userNumber: UInt64(status.st_dev))
        return Target(kind: kind, path: path, fileSystem: DeviceNames().name(of: device).fileSystem)
    }

    /// A device that is to be written must be nobody's: mounted ones, and parts of others, cannot be opened so.
    func claim() throws(Failure) {
        let descriptor = open(file, O_RDWR | O_EXCL | O_CLOEXEC)
        guard descriptor >= 0 else {
            let isBusy = errno == EBUSY
            throw Failure(
                .cannotCreate, "--device \(file): \(isBusy ? "it is in use" : errorText())",
                hint: isBusy ? "unmount it, and whatever is made of it" : nil)
        }
        close(descriptor)
    }

    /// Makes the file, if that has not been done yet; whoever ends the sweep removes it.
    ///
    /// - Parameter run: runs fio; returns why it failed.
    /// - Returns: why there is none.
    func prepare(_ guardian: Guardian, _ run: ([String]) throws(Failure) -> String?) throws(Failure) -> String? {
        guard target.kind == .directory, !isLaidOut else { return nil }
        if let room, room < size { return "no room: \(size) bytes are needed in \(target.path), \(room) are free" }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return "cannot create \(file): \(errorText())" }
        close(descriptor)
        try guardian.send(.remove(path: file))
        if let problem = try run(FioJob.layOut(file: file, size: size)) {
            unlink(file)
            return problem
        }
        isLaidOut = true
        return nil
    }

    /// Bytes that are free for us.
    private var room: UInt64? {
        var status = statvfs()
        guard statvfs(target.path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail.multipliedReportingOverflow(by: status.f_frsize).partialValue)
    }
}
