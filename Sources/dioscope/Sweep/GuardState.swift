// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Glibc
import Host
import Sweep

/// The orders of a sweep's guard, written down as they come. They live where the kernel's switches do: until the next boot.
///
/// The guard keeps a lock on its file for as long as it lives; a file without one was left by a guard that was killed.
struct GuardState {
    private let path: String
    private let descriptor: Int32

    static let directory = "/run/dioscope"

    init() throws(Failure) {
        // A machine that boots without an init of its own may lack /run.
        mkdir("/run", 0o755)
        mkdir(Self.directory, 0o700)
        path = "\(Self.directory)/sweep-\(getpid())"
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else {
            throw Failure(.cannotCreate, "cannot create \(path): \(errorText())")
        }
    }

    func write(_ order: GuardOrder) throws(Failure) { try Terminal.write(order.line, to: descriptor) }

    func remove() { unlink(path) }

    /// Puts right what sweeps left whose guards were killed.
    static func putRightLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix("sweep-") {
            let path = "\(directory)/\(name)"
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // An empty one is of a guard that has not yet locked it.
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0,
                let log = FileManager.default.contents(atPath: path), !log.isEmpty
            else { continue }
            var duty = GuardDuty(log: log)
            // Whatever has these numbers now is none of ours.
            for process in duty.processes { duty.take(.ended(process: process)) }
            for change in duty.switches {
                Terminal.say("restoring \(change.path), which a sweep that was killed had changed")
            }
            for problem in duty.putRight() { Terminal.say(problem) }
            unlink(path)
        }
    }
}

extension GuardDuty {
    /// Kills, restores and removes.
    ///
    /// - Returns: what could not be done, a line each.
    func putRight() -> [String] {
        for process in processes { Self.end(process) }
        var problems: [String] = []
        for change in switches {
            // One that could not be set is as it was.
            if let problem = SwitchFile.write(change.content, to: change.path),
                SwitchFile.read(change.path).map(SwitchText.restoring) != change.content
            {
                problems.append("cannot restore \(change.path): \(problem)")
            }
        }
        for cache in caches {
            if let problem = PageCache.put(cache.ranges, into: cache.path) { problems.append(problem) }
        }
        for file in files where unlink(file) != 0 && errno != ENOENT {
            problems.append("cannot remove \(file): \(errorText())")
        }
        return problems
    }

    private static func end(_ process: Int32) {
        kill(process, SIGKILL)
        for _ in 0..<500 where kill(process, 0) == 0 { usleep(10_000) }
    }
}

/// A switch of the kernel: a file in sysfs or procfs.
enum SwitchFile {
    private static let mostBytes = 4096

    /// What it says; `nil` when it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: mostBytes)
        let count = Glibc.read(descriptor, &bytes, mostBytes)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// - Returns: why it could not be written; `nil` when it was.
    static func write(_ content: String, to path: String) -> String? {
        let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errorText() }
        defer { close(descriptor) }
        let bytes = Array(content.utf8)
        // A switch takes its value in one write, or not at all.
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count ? nil : errorText()
    }
}
