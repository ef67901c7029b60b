// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Testing

@testable import Probes

/// Directories as sysfs has them.
struct StackedDisksTests {
    private static func exist(with paths: [String]) throws -> Bool {
        var template = Array("/tmp/dioscope-disks-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        let root = String(cString: made)
        for path in paths {
            var place = root
            for part in path.split(separator: "/") {
                place += "/\(part)"
                mkdir(place, 0o700)
            }
        }
        defer { remove(paths, under: root) }
        return StackedDisks.exist(in: root)
    }

    private static func remove(_ paths: [String], under root: String) {
        for path in paths {
            var parts = path.split(separator: "/")
            while !parts.isEmpty {
                rmdir("\(root)/\(parts.joined(separator: "/"))")
                parts.removeLast()
            }
        }
        rmdir(root)
    }

    @Test func aDiskWithSlavesIsStacked() throws {
        #expect(try Self.exist(with: ["vda/slaves", "dm-0/slaves/vda"]))
    }

    @Test func aLoopDeviceIsStackedWhileItHasAFile() throws {
        #expect(try Self.exist(with: ["loop0/slaves", "loop0/loop"]))
        #expect(try !Self.exist(with: ["loop0/slaves", "vda/slaves"]))
    }

    @Test func driversAreFoundByTheirMajorNumber() throws {
        var template = Array("/tmp/dioscope-devices-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        let text = "Character devices:\n  1 mem\n252 cec\n\nBlock devices:\n  7 loop\n252 nullb\n259 blkext\n"
        _ = text.withCString { write(file, $0, strlen($0)) }
        close(file)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        #expect(StackedDisks.driver(ofMajor: 252, in: path) == "nullb")
        #expect(StackedDisks.driver(ofMajor: 1, in: path) == nil)
    }

    @Test func whatCannotBeReadMayHaveSome() {
        #expect(StackedDisks.exist(in: "/nowhere"))
    }
}
