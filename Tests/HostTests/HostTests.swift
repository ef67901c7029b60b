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
