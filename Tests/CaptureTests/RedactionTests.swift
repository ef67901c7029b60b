// SPDX-License-Identifier: GPL-2.0-only

import CProbeRecords
import Foundation
import TestSupport
import Testing

@testable import Capture
@testable import DirectIO

@Suite struct RedactionTests {
    @Test func nothingThatNamesAnybodyIsLeft() throws {
        try withTemporaryDirectory { directory in
            var sample = SampleCapture(ios: 300, flushEvery: 100)
            sample.devices[0].mountPoint = "/srv/customer"
            sample.threads.append(ThreadName(thread: 9, process: 9, name: "ksoftirqd/1"))
            let (raw, shared) = (directory.appending("raw"), directory.appending("shared"))
            try sample.write(to: raw)
            let made = try CaptureReader(path: raw).pack(to: shared, redacts: true)
            #expect(made.damage.isEmpty)
            let content = try CaptureContent(contents(of: shared))
            #expect(content.session.host == Redaction.hidden)
            #expect(content.session.commandLine == [Redaction.hidden])
            #expect(content.session.tracedCommand == [Redaction.hidden])
            #expect(content.session.filters == [Redaction.hidden])
            #expect(content.session.kernel == sample.session.kernel)
            #expect(content.summary.devices.map(\.mountPoint) == [nil])
            #expect(content.summary.isComplete && content.ios.count == 300)
            // Times and contexts are what they were; the same file is the same number.
            #expect(content.ios.map(\.submitted) == sample.ios.map(\.submitted))
            #expect(content.ios.map(\.completed) == sample.ios.map(\.completed))
            let pairs = Dictionary(zip(sample.ios, content.ios).map { ($0.inode, $1.inode) }) { one, _ in one }
            #expect(Set(pairs.values).count == pairs.count)
            for (old, new) in zip(sample.ios, content.ios) {
                #expect(new.inode == pairs[old.inode] && new.inode <= 300)
            }
            let names = content.summary.threads.values.map(\.name)
            #expect(Set(names) == ["task1", "task2", "ksoftirqd/1"])
        }
    }

    @Test func jobsAndPathsOfFilesAreLeftOut() throws {
        let account = ApplicationAccount(
            name: "fio-3.39", jobs: ["secret"], ios: 1, submission: 1, completion: 1, total: 2)
        let file = FileName(device: DeviceNumber(major: 8, minor: 0), inode: 1, path: "/srv/secret")
        let redaction = Redaction()
        let kept = try ChunkJSON.encode(account).withUnsafeBytes { try redaction.redacted(json: $0, of: .account) }
        #expect(kept.map { !String(decoding: $0, as: UTF8.self).contains("secret") } == true)
        #expect(try ChunkJSON.encode([file]).withUnsafeBytes { try redaction.redacted(json: $0, of: .files) } == nil)
    }

    @Test func endAndLossesNameNobody() throws {
        let device = DeviceNumber(major: 8, minor: 0)
        let sync = FileSyncs(
            device: device, inode: 987_654, isDataOnly: true, count: 1, nanoseconds: 2, firstThread: 876_543)
        let opened = OtherIO.DirectFiles(device: device, fileSystem: "xfs", mountPoint: "/srv/secret", files: 1)
        let end = RecordingEnd(wall: 1, monotonic: 2, ios: 3, other: OtherIO(opened: [opened], syncs: [sync]))
        let loss = DataLoss(
            what: "completion-missed", count: 1, severity: .loss,
            help: "I/Os lost; this kernel runs no probes while some tasks have the CPU: secret (876543) had CPU 1")
        let redaction = Redaction()
        func text(_ value: some Encodable, _ kind: ChunkKind) throws -> String {
            let json = try ChunkJSON.encode(value)
            let kept = try json.withUnsafeBytes { try redaction.redacted(json: $0, of: kind) }
            return String(decoding: try #require(kept), as: UTF8.self)
        }
        for text in [try text(end, .end), try text([loss], .loss)] {
            for name in ["secret", "987654", "876543"] { #expect(!text.contains(name), "\(text)") }
        }
        #expect(try text([loss], .loss).contains("I/Os lost"))
        let sampling = "[{\"from\":1,\"every\":2,\"secret\":3}]"
        let kept = try Array(sampling.utf8).withUnsafeBytes { try redaction.redacted(json: $0, of: .sampling) }
        #expect(String(decoding: try #require(kept), as: UTF8.self).contains("secret") == false)
    }

    @Test func whatIsNotKnownIsLeftOut() throws {
        let redaction = Redaction()
        let json = Array("{\"host\":\"secret\"}".utf8)
        // A session that cannot be read goes as a whole, and so do the users of files.
        for kind in [ChunkKind.session, .devices, .fileUsers, .files, .account] {
            #expect(try json.withUnsafeBytes { try redaction.redacted(json: $0, of: kind) } == nil)
        }
    }
}
