// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Foundation
import Report
import TestSupport
import Testing

@testable import Page

/// The whole page.
@Suite struct PageDocumentTests {
    private static let hostile = "</script><script>alert(1)</script>"

    private static func page(_ count: Int, hostile: Bool = false) -> String {
        var builder = PageBuilder(ReportBuilder(rule: .defersWrites, axis: TimelineAxis(origin: nil)))
        var random = SeededGenerator(seed: 3)
        for _ in 0..<count {
            let io = RandomLives.next(&random, disordered: false)
            builder.add(io, nil)
        }
        var source = ReportSource(kind: hostile ? Self.hostile : "test", isComplete: true)
        if hostile {
            source.command = [Self.hostile, "\u{202e}", "'\"&"]
            source.threads = [100: ThreadName(thread: 100, process: 100, name: Self.hostile)]
            source.devices = [
                DeviceName(
                    device: DeviceNumber(major: 259, minor: 1), name: Self.hostile, fileSystem: "\"><img src=x>",
                    mountPoint: "/")
            ]
            source.files = [FileName(device: DeviceNumber(major: 259, minor: 1), inode: 12, path: "/" + Self.hostile)]
        }
        let (report, pictures) = builder.finish(source: source, loss: [])
        let run = PageDocument.Run(
            name: hostile ? Self.hostile : "file", report: report, pictures: pictures, began: nil)
        return String(decoding: PageDocument([run]).bytes, as: UTF8.self)
    }

    @Test func namesStayNames() {
        let page = Self.page(500, hostile: true)
        #expect(!page.contains("alert(1)</script>"))
        #expect(!page.contains("<img src=x>"))
        #expect(!page.contains("\u{202e}"))
        #expect(page.contains("&lt;script&gt;alert(1)"))
        // The page's own: data and script.
        #expect(page.split(separator: "<script").count - 1 == 2)
        #expect(page.split(separator: "</script>").count - 1 == 2)
    }

    @Test func onlyItsOwnScriptMayRun() throws {
        let page = Self.page(10)
        let script = try #require(page.components(after: "<script>", until: "</script>"))
        let style = try #require(page.components(after: "<style>", until: "</style>"))
        let policy = try #require(page.components(after: "Content-Security-Policy\" content=\"", until: "\""))
        #expect(policy.contains("default-src &#39;none&#39;"))
        #expect(policy.contains(Markup.escaped(ContentHash.source(of: script))))
        #expect(policy.contains(Markup.escaped(ContentHash.source(of: style))))
        #expect(!page.contains(" style=\"") && !page.contains("src=\"") && !page.contains("url("))
    }

    @Test func aPageWithoutIOsSaysSo() {
        let page = Self.page(0)
        #expect(page.contains("No pictures over time: no I/O finished."))
        #expect(!page.contains("application/json"))
    }

    /// Lives of every kind, whose times differ by years.
    @Test func aPageIsNeverTooLarge() {
        #expect(Self.page(5000).utf8.count <= 2_000_000)
    }
}

extension String {
    fileprivate func components(after start: String, until end: String) -> String? {
        guard let from = range(of: start), let to = self[from.upperBound...].range(of: end) else { return nil }
        return String(self[from.upperBound..<to.lowerBound])
    }
}
