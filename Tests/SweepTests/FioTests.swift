// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Sweep

@Suite struct FioJobTests {
    private static func words(_ change: (inout Cell) -> Void = { _ in }) -> [String] {
        var cell = Cell(
            target: Target(kind: .directory, path: "/mnt", fileSystem: "ext4"), engine: .libaio, depth: 64,
            blockSize: 4096, op: .randwrite)
        change(&cell)
        var plan = SweepPlan(
            targets: [cell.target], engines: [cell.engine], depths: [cell.depth], blockSizes: [cell.blockSize],
            ops: [cell.op])
        plan.ramp = 500_000_000
        return FioJob.run(PlannedRun(cell: cell, repetition: 2, isTraced: true), of: plan, file: "/mnt/a:b")
    }

    @Test func aCellIsACommandLine() {
        let words = Self.words()
        for word in [
            "--ioengine=libaio", "--rw=randwrite", "--bs=4096", "--iodepth=64", "--direct=1", "--runtime=20000ms",
            "--ramp_time=500ms", "--randseed=3", "--filename=/mnt/a\\:b", "--output-format=json",
        ] {
            #expect(words.contains(word), "\(word)")
        }
        #expect(!words.contains("--readonly"))
        #expect(!words.contains { $0.hasPrefix("--cpus_allowed") })
    }

    @Test func pollingIsIoUringWithHipri() {
        let words = Self.words { $0.engine = .ioUringPoll }
        #expect(words.contains("--ioengine=io_uring") && words.contains("--hipri=1"))
    }

    @Test func placesAndReadsOfADevice() {
        let words = Self.words {
            $0.placement = Placement(fio: "1", interrupt: 0)
            $0.target = Target(kind: .device, path: "/dev/nvme1n1")
            $0.op = .randread
        }
        #expect(words.contains("--cpus_allowed=1"))
        #expect(words.contains("--readonly"))
    }
}

@Suite struct FioOutputTests {
    private static func output(
        error: Int = 0, iops: String = "1000.5", ios: String = "2000", before: String = "", jobs: Int = 1
    ) -> [UInt8] {
        let direction = "{\"iops\": \(iops), \"bw_bytes\": 4096000, \"total_ios\": \(ios), \"lat_ns\": {\"mean\": 7.5}}"
        let idle = "{\"iops\": 0.0, \"bw_bytes\": 0, \"total_ios\": 0, \"lat_ns\": {\"mean\": 0.0}}"
        let job = "{\"jobname\": \"x\", \"error\": \(error), \"read\": \(idle), \"write\": \(direction)}"
        let list = Array(repeating: job, count: jobs).joined(separator: ",")
        return Array("\(before){\n\"fio version\": \"fio-3.33\",\n\"jobs\": [\(list)]\n}\n".utf8)
    }

    private static func reason(_ output: [UInt8]) -> String? {
        do {
            _ = try FioResult(output: output)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func whatFioMeasured() throws {
        let result = try FioResult(output: Self.output())
        #expect(result == FioResult(ios: 2000, writes: 2000, iops: 1000.5, bytesPerSecond: 4_096_000, meanLatency: 7.5))
    }

    /// fio reports this and that on the same stream.
    @Test func messagesInFrontArePassedOver() throws {
        let before = "note: both iodepth >= 1 and synchronous I/O engine are selected {x}\nfio: hello\n"
        #expect(try FioResult(output: Self.output(before: before)).ios == 2000)
    }

    @Test func whatIsNoResult() {
        #expect(Self.reason([]) == "fio printed no JSON")
        #expect(Self.reason(Array("fio: failed\n".utf8)) == "fio printed no JSON")
        #expect(Self.reason(Array("{}".utf8)) == "fio's JSON is not what fio 3 prints")
        #expect(Self.reason(Array("{\"jobs\": []}".utf8)) == "fio reports 0 jobs, expected 1")
        #expect(Self.reason(Self.output(jobs: 2)) == "fio reports 2 jobs, expected 1")
        #expect(Self.reason(Self.output(error: 28)) == "fio reports error 28")
        #expect(Self.reason(Self.output(ios: "0")) == "fio did no I/O")
        #expect(Self.reason(Self.output(ios: "-1")) == "fio's JSON is not what fio 3 prints")
        #expect(Self.reason(Self.output(ios: "99999999999999999999999")) != nil)
        #expect(Self.reason(Self.output(iops: "-5")) == "fio's JSON has numbers that cannot be")
        #expect(Self.reason(Self.output(iops: "1e300")) == "fio's JSON has numbers that cannot be")
        #expect(Self.reason(Self.output(iops: "\"many\"")) == "fio's JSON is not what fio 3 prints")
        #expect(Self.reason(Array(Self.output().prefix(60))) != nil)
        #expect(Self.reason(Array(repeating: UInt8(ascii: "{"), count: 100_000) + [UInt8(ascii: "}")]) != nil)
    }

    @Test func versions() {
        #expect(FioVersion("fio-3.33\n") == FioVersion(major: 3, minor: 33))
        #expect(FioVersion("fio-3.16-27-gabcd")?.isTooOld == false)
        #expect(FioVersion("fio-3.12")?.isTooOld == true)
        #expect(FioVersion("fio-2.99")?.isTooOld == true)
        #expect(FioVersion("fio-4.0")?.isTooOld == false)
        for text in ["", "fio", "fio-", "fio-x.y", "gio-3.33", "fio-3", "fio-99999999999999999999.1"] {
            #expect(FioVersion(text) == nil, "\(text)")
        }
    }

    @Test func complaints() {
        func line(_ texts: String...) -> String? { FioComplaint.line(in: texts.map { Array($0.utf8) }) }
        let full = "fio: pid=7, err=28/file:filesetup.c:240, func=write, error=No space left on device\n"
        #expect(line("fio: native_fallocate call failed\n" + full) == "No space left on device")
        #expect(line("", "note: that\nfio: engine libaio not loadable\n{\n") == "engine libaio not loadable")
        #expect(line("something\nelse\n") == "something")
        #expect(line("", "{\n  \"jobs\": 1\n}\n") == nil)
        #expect(line("a" + String(repeating: "b", count: 5000))?.count == 160)
    }
}
