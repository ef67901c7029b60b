// SPDX-License-Identifier: GPL-2.0-only

import DirectIO
import Foundation
import Host
import Synchronization
import Testing

struct HostTests {
    @Test(arguments: [("259:1", 259, 1), ("8:0", 8, 0)])
    func deviceNumbersAreRead(_ text: String, _ major: Int, _ minor: Int) throws {
        let device = try #require(DeviceNumber(text))
        #expect(device == DeviceNumber(major: UInt32(major), minor: UInt32(minor)))
    }

    @Test(arguments: ["", "259", "a:b", "4096:0", "1:1048576", "1:2:3", "-1:0"])
    func whatIsNoDeviceNumberIsRefused(_ text: String) {
        #expect(DeviceNumber(text) == nil)
    }

    @Test func userNumbersAreThoseOfStat() throws {
        // makedev(259, 1) and makedev(4095, 0x12345) of glibc.
        #expect(DeviceNumber(userNumber: 0x10301) == DeviceNumber(major: 259, minor: 1))
        #expect(DeviceNumber(userNumber: 0x123f_ff45) == DeviceNumber(major: 4095, minor: 0x12345))
    }

    @Test func procfsHasAFileSystem() {
        var status = stat()
        #expect(stat("/proc", &status) == 0)
        let name = DeviceNames().name(of: DeviceNumber(userNumber: UInt64(status.st_dev)))
        #expect(name.fileSystem == "proc")
        #expect(name.mountPoint == "/proc")
    }

    /// A hybrid hierarchy: a name is in several, and its processes in one.
    @Test func controlGroupsAreFoundInEveryHierarchy() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "dioscope-groups-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        func group(_ path: String, processes: String) throws {
            let directory = root.appending(path: path)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try processes.write(to: directory.appending(path: "cgroup.procs"), atomically: true, encoding: .utf8)
        }
        for name in ["unified", "unified/a", "memory", "memory/a", "systemd", "systemd/system.slice"] {
            try group(name, processes: "")
        }
        try group("memory/a/b", processes: "12\n")
        try group("systemd/system.slice/x.service", processes: "13\n14\n")
        let mounts = root.appending(path: "mounts")
        let lines = [
            "cgroup \(root.path)/memory cgroup rw,memory 0 0", "cgroup \(root.path)/systemd cgroup rw,name=systemd 0 0",
            "cgroup2 \(root.path)/unified cgroup2 rw 0 0", "proc /proc proc rw 0 0",
        ]
        try (lines.joined(separator: "\n") + "\n").write(to: mounts, atomically: true, encoding: .utf8)
        let groups = ControlGroup(mounts: mounts.path)
        for (found, processes) in [
            (groups.path(named: "a"), [12]), (groups.path(named: "/a/b"), [12]),
            (groups.path(named: "\(root.path)/memory/a"), [12]), (groups.path(ofUnit: "x"), [13, 14]),
            (groups.path(ofUnit: "x.service"), [13, 14]),
        ] {
            #expect(ControlGroup.processes(in: try #require(found)) == processes.map(Int32.init))
        }
        #expect(groups.path(named: "none") == nil)
        #expect(groups.path(ofUnit: "y") == nil)
    }

    @Test func clocksGoOn() {
        let before = HostClock.monotonic
        #expect(HostClock.monotonic >= before)
        #expect(HostClock.wall > 1_700_000_000_000_000_000)
        #expect((1...HostFacts.cpuCount * 64).contains(HostFacts.usableCPUs))
    }

    @Test func aMissingFileHasNoLine() {
        #expect(HostFacts.line(of: "/nonexistent") == nil)
        #expect(HostFacts.line(of: "/proc/self/comm") != nil)
    }

    @Test func errorsHaveTexts() {
        #expect(errorText(ENOENT) == "No such file or directory")
    }

    @Test(arguments: [0, 1, 2, 9])
    func everyMemberOfATeamIsCalledOnce(_ count: Int) {
        let numbers = Mutex<[Int]>([])
        ThreadTeam.perform(count) { number in numbers.withLock { $0.append(number) } }
        #expect(numbers.withLock { $0.sorted() } == Array(0..<max(1, count)))
    }
}
