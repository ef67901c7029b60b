// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials
import Host
import Rendering

/// The files that a command says it will use, as far as its arguments name them: those of fio and dd, and fio's job files.
struct CommandFiles {
    let paths: [String]

    init(_ command: [String]) {
        var paths: [String] = []
        for (word, next) in zip(command, command.dropFirst() + [""]) {
            if let path = Self.value(of: word) {
                paths.append(path)
            } else if ["--filename", "--directory"].contains(word) {
                paths.append(next)
            } else if word.hasSuffix(".fio") || word.hasSuffix(".job") {
                paths += Self.paths(ofJob: word)
            }
        }
        self.paths = paths.filter { !$0.isEmpty }
    }

    private static let names = ["--filename=", "--directory=", "if=", "of=", "filename=", "directory="]

    private static func value(of word: some StringProtocol) -> String? {
        names.first { word.hasPrefix($0) }.map { String(word.dropFirst($0.count)) }
    }

    private static func paths(ofJob file: String) -> [String] {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).prefix(1000).compactMap { value(of: $0.filter { $0 != " " }) }
    }

    /// Has this file system no way that is followed? Of some it depends on the file. A FUSE server may pass files through
    /// to those of another file system, which are followed: nothing shows that from outside.
    private static func isBlind(_ kind: String, _ options: [Substring]) -> Bool {
        blind.contains(kind) || kind.hasPrefix("fuse") || kind == "ext4" && options.contains("data=journal")
    }

    /// By mountinfo.
    private static let blind: Set = [
        "nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "virtiofs", "tmpfs", "ramfs", "zfs", "bcachefs",
    ]

    /// Says which of them are where direct I/O is not followed, each file system once.
    func warn() {
        let names = DeviceNames()
        var named: Set<String> = []
        for path in paths {
            guard let place = names.fileSystem(of: path), Self.isBlind(place.kind, place.options),
                named.insert(place.mountPoint).inserted
            else { continue }
            let why = UnseenText.why(place.kind).map { ": \($0)" } ?? ""
            Terminal.say("\(path) is on \(place.kind), whose direct I/O is not followed\(why)")
            if let remedy = UnseenText.remedy(place.kind) { Terminal.advise(remedy) }
        }
    }
}
