// SPDX-License-Identifier: GPL-2.0-only

import Dispatch
import FoundationEssentials
import Glibc
import Host
import Rendering
import Sweep
import Synchronization

/// The files that a load overwrites with direct I/O, and what was cached of them.
struct ExperimentFiles {
    let files: [PageCache]

    /// - Parameter paths: what fio had open.
    init(_ paths: [String]) throws(Failure) {
        var files: [PageCache] = []
        for path in paths {
            guard let file = PageCache(path) else {
                throw Failure(
                    .nothing,
                    access(path, F_OK) == 0
                        ? "\(path) is no regular file: only writes to files are deferred, or not"
                        : "\(path) is gone when fio ends: every run must find the file of the one before",
                    hint: access(path, F_OK) == 0 ? nil : "leave --unlink away")
            }
            if !files.contains(where: { ($0.device, $0.inode) == (file.device, file.inode) }) { files.append(file) }
        }
        guard !files.isEmpty else {
            throw Failure(
                .nothing, "fio overwrites no file with direct I/O: only such writes are deferred, or not",
                hint: "--direct=1, and an --rw that writes")
        }
        self.files = files
    }

    var paths: [String] { files.map(\.path) }

    /// Those that are there and that fio's words, or the job files among them, call by name.
    static func named(in words: [String]) -> [PageCache] {
        words.flatMap { word -> [Substring] in
            if word.hasPrefix("--filename=") { return [word.dropFirst("--filename=".count)] }
            guard !word.hasPrefix("-"), let text = try? String(contentsOfFile: word, encoding: .utf8) else { return [] }
            return text.split(separator: "\n").filter { $0.hasPrefix("filename=") }
                .map { $0.dropFirst("filename=".count) }
        }
        // fio takes a colon for the end of a name.
        .flatMap { $0.split(separator: ":") }
        .compactMap { name in
            guard let resolved = realpath(String(name), nil) else { return nil }
            defer { free(resolved) }
            return PageCache(String(cString: resolved))
        }
    }

    /// Nobody else may have one of them open or mapped: they would have pages cached, and lose those that they have.
    func refuseUsed() throws(Failure) {
        for file in files { try Self.refuseUsed(file) }
    }

    /// io_uring closes the files of a process some time after it is gone.
    private static let looks = 100
    private static let pause: UInt32 = 20_000

    static func refuseUsed(_ file: PageCache) throws(Failure) {
        var users = FileUsers.names(of: file)
        for _ in 0..<looks where users.isEmpty {
            guard file.isOpenElsewhere == true else { return }
            usleep(pause)
            users = FileUsers.names(of: file)
        }
        let who = users.isEmpty ? "somebody" : users.joined(separator: ", ")
        throw Failure(
            .cannotCreate, "\(file.path) is in use by \(who)",
            hint: "its pages would be dropped and cached under their hands: close it first, or take another file")
    }

    /// Notes what is cached, to be put right by the guard. Of a file that is noted twice the first time counts.
    static func note(_ files: [PageCache], _ guardian: Guardian) throws(Failure) -> [ExperimentPage.File] {
        var noted: [ExperimentPage.File] = []
        for file in files {
            guard let ranges = file.cached() else {
                throw Failure(.unavailable, "the kernel does not say what of \(file.path) is cached: \(errorText())")
            }
            try guardian.send(.pages(path: file.path, ranges: ranges))
            let bytes = stride(from: 1, to: ranges.count, by: 2).reduce(0) { $0 + ranges[$1] }
            noted.append(ExperimentPage.File(path: file.path, size: file.size, cachedBytes: bytes))
        }
        return noted
    }

    /// - Returns: why it is not so; `nil` when it is.
    func setCached(_ completion: Experiment.Completion) -> String? {
        for file in files {
            guard file.drop() else { return "pages of \(file.path) stay cached: somebody has them" }
            if completion == .deferred {
                file.readOnlyWhatIsAsked()
                guard PageKeeper.fill(file) else { return "no page of \(file.path) can be cached: \(errorText())" }
            }
        }
        return nil
    }
}

/// Who has a file open, or mapped, as procfs says.
enum FileUsers {
    private static let most = 4

    /// `name (process)`, each once; dioscope itself is none.
    static func names(of file: PageCache) -> [String] {
        var found: [String] = []
        for process in Procfs.numbers(in: "/proc") where process != getpid() && found.count < most {
            let directory = "/proc/\(process)"
            if hasOpen(file, directory) || hasMapped(file, directory) {
                found.append("\(HostFacts.line(of: directory + "/comm") ?? "a process") (\(process))")
            }
        }
        return found
    }

    private static func hasOpen(_ file: PageCache, _ directory: String) -> Bool {
        Procfs.numbers(in: directory + "/fd").contains { number in
            let link = "\(directory)/fd/\(number)"
            // Only a file of this name is asked for more: one on a dead server would not answer.
            guard Procfs.target(of: link) == file.path else { return false }
            var status = stat()
            return stat(link, &status) == 0 && UInt64(status.st_ino) == file.inode
                && UInt64(status.st_dev) == file.device
        }
    }

    private static func hasMapped(_ file: PageCache, _ directory: String) -> Bool {
        guard let maps = try? String(contentsOfFile: directory + "/maps", encoding: .utf8) else { return false }
        return maps.split(separator: "\n").contains { $0.hasSuffix(" " + file.path) }
    }
}

/// Watches which files fio has open for writing with direct I/O.
final class OpenFileWatch: Sendable {
    private let process = Atomic<Int32>(0)
    private let isOver = Atomic(false)
    private let finished = DispatchSemaphore(value: 0)
    private let paths = Mutex<Set<String>>([])

    private static let pause: UInt32 = 20_000

    func start(_ process: pid_t) {
        self.process.store(process, ordering: .relaxed)
        DispatchQueue(label: "files that fio opens").async { [self] in
            while !isOver.load(ordering: .relaxed) {
                look()
                usleep(Self.pause)
            }
            finished.signal()
        }
    }

    /// What was seen, by name.
    func end() -> [String] {
        isOver.store(true, ordering: .relaxed)
        if process.load(ordering: .relaxed) != 0 { finished.wait() }
        return paths.withLock { $0.sorted() }
    }

    private func look() {
        for process in ProcessTree().withChildren([process.load(ordering: .relaxed)]) {
            for number in Procfs.numbers(in: "/proc/\(process)/fdinfo") {
                guard Self.isWrittenDirectly("/proc/\(process)/fdinfo/\(number)"),
                    let path = Procfs.target(of: "/proc/\(process)/fd/\(number)"), path.hasPrefix("/")
                else { continue }
                paths.withLock { _ = $0.insert(path) }
            }
        }
    }

    private static func isWrittenDirectly(_ path: String) -> Bool {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags:") }),
            let word = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).last, let flags = Int32(word, radix: 8)
        else { return false }
        return flags & O_ACCMODE != O_RDONLY && flags & direct != 0
    }

    /// `O_DIRECT`, of which architectures have ideas of their own.
    #if arch(arm64)
        private static let direct: Int32 = 0o200000
    #else
        private static let direct: Int32 = 0o40000
    #endif
}
