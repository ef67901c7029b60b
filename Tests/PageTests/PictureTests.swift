// SPDX-License-Identifier: GPL-2.0-only

import Foundation
import Testing

@testable import Page

/// Pictures and what is around them, by what they say.
@Suite struct PictureTests {
    @Test func hashesAreThoseOfTheStandard() {
        func hash(_ text: String) -> String {
            ContentHash.sha256(Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            hash(String(repeating: "a", count: 1000))
                == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
    }

    @Test func everyCellOfTheHeatmapIsOnceInOneLevel() {
        let cells: [[UInt64]] = [[0, 1, 5], [0, 1, 0], [9, 1, 100], [0, 0, 1000]]
        var counted = [[Int]](repeating: [0, 0, 0], count: 4)
        for level in 1...HeatmapPicture.levels {
            let commands = HeatmapPicture.commands(cells, 0..<3, level: level, most: 1000)
            for cell in commands.split(separator: "M") {
                let numbers = cell.split { !$0.isNumber }.compactMap { Int($0) }
                for column in numbers[0]..<numbers[0] + numbers[2] { counted[column][2 - numbers[1]] += 1 }
            }
        }
        #expect(counted == cells.map { $0.map { $0 > 0 ? 1 : 0 } })
        #expect(HeatmapPicture.level(of: 1, most: 1000) == 1 && HeatmapPicture.level(of: 1000, most: 1000) == 8)
        #expect(HeatmapPicture.level(of: 1, most: 1) == 8)
    }

    @Test func linesBreakWhereNothingWasDone() {
        let cells: [[UInt64]] = [[1, 0], [0, 1], [0, 0], [1, 0]]
        #expect(PercentilePicture.commands(cells, 0..<2, 50) == "M0 1.5h1L1 0.5h1M3 1.5h1")
    }

    @Test func distributionsReachAsFarAsThereAreIOs() {
        // 90%, 99%, and the last of 100.
        #expect(DistributionPicture.commands([0, 90, 9, 0, 1]) == "M1 1000H1L2 800H2L3 600H4L5 540")
        #expect(DistributionPicture.commands([0, 0]) == "")
    }

    @Test func countsArePacked() throws {
        let bytes = Array(try #require(Data(base64Encoded: PageData.packed([0, 0, 0, 0, 300, 1], by: 3))))
        #expect(bytes == [0, 2, 1, 0xac, 2, 1])
    }

    @Test func ticksAreRound() {
        let times = Scale.times(from: 130_000_000, to: 1_070_000_000, most: 6)
        #expect(times.map(\.label) == ["0.2s", "0.4s", "0.6s", "0.8s", "1.0s"])
        let buckets = LatencyGrid.bucket(of: 900)..<LatencyGrid.bucket(of: 2_000_000)
        #expect(Scale.latencies(buckets).map(\.label) == ["1us", "10us", "100us", "1ms"])
    }

    @Test func nothingThatCameFromATraceIsMarkup() {
        #expect(
            Markup.escaped("</script><img src=x onerror='a'>\"&\u{202e}\u{1b}")
                == "&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&quot;&amp;\\u{202e}\\x1b")
        #expect(Markup.escaped("a\\b") == "a\\b")
    }
}
