// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host
import Recording
import Sweep

/// fio, found in PATH; its outputs go to files without a name.
struct FioProcess {
    private let outputs: (output: Int32, error: Int32)

    /// More than fio ever prints for one job.
    private static let mostBytes = 4 << 20

    init() throws(Failure) {
        outputs = (try Self.nameless(), try Self.nameless())
    }

    /// A file without a name in /tmp, which is gone when it is closed.
    private static func nameless() throws(Failure) -> Int32 {
        guard let file = tmpfile() else {
            throw Failure(.cannotCreate, "no temporary file for fio's output: \(errorText())")
        }
        defer { fclose(file) }
        let descriptor = dup(fileno(file))
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    func start(_ words: [String]) throws(Failure) -> TracedCommand {
        do {
            return try TracedCommand(words, outputs: outputs)
        } catch {
            throw Failure(error)
        }
    }

    /// Standard output and error so far. Untrusted.
    var texts: [[UInt8]] { [Self.content(of: outputs.output), Self.content(of: outputs.error)] }

    private static func content(of descriptor: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: mostBytes) { buffer, count in
            count = 0
            while count < buffer.count {
                let got = pread(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count, off_t(count))
                guard got > 0 else { break }
                count += got
            }
        }
    }

    func close() {
        Glibc.close(outputs.output)
        Glibc.close(outputs.error)
    }

    /// The version of the fio in PATH, which must be there and not be too old.
    static func version() throws(Failure) -> FioVersion {
        let hint = "install it: apt install fio, dnf install fio, or https://github.com/axboe/fio"
        let fio = try FioProcess()
        defer { fio.close() }
        let child: TracedCommand
        do {
            child = try fio.start(["fio", "--version"])
        } catch {
            let isMissing = error.status == .commandNotFound
            throw Failure(
                .unavailable, isMissing ? "fio is not installed, and a sweep drives it" : error.message, hint: hint)
        }
        _ = child.wait(milliseconds: 10_000)
        let text = String(decoding: fio.texts[0].prefix(80), as: UTF8.self)
        guard let version = FioVersion(text) else {
            throw Failure(.unavailable, "the fio in PATH does not say its version as fio does", hint: hint)
        }
        guard !version.isTooOld else {
            throw Failure(
                .unavailable, "fio \(version.text) is too old: \(FioVersion.oldest.text) or later is needed", hint: hint
            )
        }
        return version
    }
}

extension TracedCommand {
    /// Waits until it ends; kills it after that time.
    ///
    /// - Returns: its status; `nil` when it was killed.
    func wait(milliseconds: UInt64) -> Int32? {
        let end = HostClock.monotonic + milliseconds * 1_000_000
        while HostClock.monotonic < end {
            if let status = endedStatus() { return status }
            usleep(5_000)
        }
        send(SIGKILL)
        while endedStatus() == nil { usleep(5_000) }
        return nil
    }
}
