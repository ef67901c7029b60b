// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials

/// Who is whose child, as procfs has it now.
public struct ProcessTree {
    private var children: [Int32: [Int32]] = [:]

    public init(procfs: String = "/proc") {
        for process in Procfs.numbers(in: procfs) {
            guard let line = HostFacts.line(of: "\(procfs)/\(process)/stat"), let parent = Self.parent(in: line) else {
                continue
            }
            children[parent, default: []].append(process)
        }
    }

    static func parent(in line: String) -> Int32? {
        let fields = fieldsAfterName(in: line)
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    /// Of `4711 (a name) S 4700 ...`: names may have blanks and brackets.
    private static func fieldsAfterName(in line: String) -> [Substring] {
        guard let end = line.lastIndex(of: ")") else { return [] }
        return line[line.index(after: end)...].split(separator: " ")
    }

    /// These processes with their children and children's children, each once.
    public func withChildren(_ processes: [Int32]) -> [Int32] {
        var (found, seen, next): ([Int32], Set<Int32>, [Int32]) = ([], [], processes)
        while !next.isEmpty {
            let fresh = next.filter { seen.insert($0).inserted }
            found += fresh
            next = fresh.flatMap { children[$0] ?? [] }
        }
        return found
    }

    /// Whether there is such a process that has not ended.
    public static func runs(_ process: Int32, procfs: String = "/proc") -> Bool {
        let line = HostFacts.line(of: "\(procfs)/\(process)/stat")
        return line.flatMap { fieldsAfterName(in: $0).first }.map { $0 != "Z" && $0 != "X" } ?? false
    }

    /// Whether a thread has this name now.
    public static func hasThread(named name: String, procfs: String = "/proc") -> Bool {
        Procfs.numbers(in: procfs).contains { process in
            Procfs.numbers(in: "\(procfs)/\(process)/task").contains { thread in
                HostFacts.line(of: "\(procfs)/\(process)/task/\(thread)/comm") == name
            }
        }
    }
}

/// A control group: of version 2, or of a hierarchy of version 1.
public struct ControlGroup {
    /// Where hierarchies are mounted: version 2, then systemd's own, then those of controllers.
    private let roots: [String]

    public init(mounts: String = "/proc/self/mounts") {
        let text = (try? String(contentsOfFile: mounts, encoding: .utf8)) ?? ""
        let found = text.split(separator: "\n").compactMap { line -> (rank: Int, place: String)? in
            let fields = line.split(separator: " ")
            guard fields.count >= 4, fields[2] == "cgroup" || fields[2] == "cgroup2" else { return nil }
            let rank = fields[2] == "cgroup2" ? 0 : fields[3].contains("name=systemd") ? 1 : 2
            return (rank, String(fields[1]))
        }
        roots = found.isEmpty ? ["/sys/fs/cgroup"] : found.sorted { $0.rank < $1.rank }.map(\.place)
    }

    /// Its directory, from its name below a root or its path; `nil`: there is none. One that has processes is preferred:
    /// on a hybrid hierarchy a name may be empty in one of them.
    public func path(named name: String) -> String? {
        if name.hasPrefix("/"), Self.isGroup(name) { return name }
        return populated(roots.map { $0 + "/" + name.drop { $0 == "/" } }.filter(Self.isGroup))
    }

    private func populated(_ paths: [String]) -> String? {
        paths.first { !Self.processes(in: $0).isEmpty } ?? paths.first
    }

    private static func isGroup(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/cgroup.procs")
    }

    /// The processes of a systemd unit; a service when its name does not say what it is.
    public func path(ofUnit unit: String) -> String? {
        let name = unit.contains(".") ? unit : unit + ".service"
        return populated(roots.compactMap { Self.find(name, in: $0, depth: 0) })
    }

    private static func find(_ name: String, in directory: String, depth: Int) -> String? {
        guard depth < 6 else { return nil }
        if isGroup(directory + "/" + name) { return directory + "/" + name }
        for child in directories(in: directory) {
            if let found = find(name, in: child, depth: depth + 1) { return found }
        }
        return nil
    }

    /// Processes of the group and of those below it.
    public static func processes(in directory: String) -> [Int32] {
        let text = (try? String(contentsOfFile: directory + "/cgroup.procs", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { Int32($0) }
            + directories(in: directory).flatMap { processes(in: $0) }
    }

    private static func directories(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted().map { directory + "/" + $0 }
            .filter(isGroup)
    }
}
