// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import Testing

@testable import Host

struct HiddenDiskTests {
    /// - Parameter disks: name, and what its `hidden` says.
    private func name(_ disks: [String: String]) throws -> String? {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (disk, hidden) in disks {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(disk)", withIntermediateDirectories: true)
            try Data("\(hidden)\n".utf8).write(to: URL(filePath: "\(directory)/\(disk)/hidden"))
        }
        return DeviceNames.hiddenDisk(in: directory)
    }

    @Test func theOnlyHiddenPathIsMeant() throws {
        #expect(try name(["nvme0n1": "0", "nvme8n1": "0", "nvme8c8n1": "1"]) == "nvme8c8n1")
    }

    @Test func ofSeveralNoneIs() throws {
        #expect(try name(["nvme8c8n1": "1", "nvme8c9n1": "1"]) == nil)
        #expect(try name(["nvme0n1": "0"]) == nil)
    }

    @Test func theStatisticsHaveTheNumberOfEach() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let text = """
             259       5 nvme5c5n1 1499 0 11992 310 0 0 0 0 0 300 310 0 0 0 0 0 0
             259       7 nvme6c6n1 3 0 24 1 0 0 0 0 0 1 1 0 0 0 0 0 0

            """
        try Data(text.utf8).write(to: file)
        let name = { DeviceNames.disk(of: DeviceNumber(major: 259, minor: $0), statistics: file.path) }
        #expect(name(5) == "nvme5c5n1")
        #expect(name(7) == "nvme6c6n1")
        #expect(name(57) == nil)
    }
}
