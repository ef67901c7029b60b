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

    @Test func whatCannotBeReadMayHaveSome() {
        #expect(StackedDisks.exist(in: "/nowhere"))
    }
}
