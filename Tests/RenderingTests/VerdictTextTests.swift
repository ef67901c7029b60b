// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Testing

@testable import Rendering
@testable import Report

struct VerdictTextTests {
    @Test(arguments: [
        (
            Verdict.Sentence.kworker(
                share: 1, queueWait: 179_000, queueWaitShare: 0.55,
                cause: .init(cause: .submitter, name: "fio", mean: 118_000, share: 0.66)),
            "100.0% of I/Os are completed in a kworker, for which they wait 179us on average (55.0% of all latency), "
                + "of which 118us was spent with fio on the CPU"
        ),
        (
            .kworker(
                share: 0.5, queueWait: 1000, queueWaitShare: 0.1,
                cause: .init(cause: .otherTask, name: "kcompactd0", mean: 400, share: 0.4)),
            "50.0% of I/Os are completed in a kworker, for which they wait 1.00us on average (10.0% of all latency), "
                + "of which 400ns was spent with other tasks on the CPU, mostly kcompactd0"
        ),
        (
            .kworker(share: 0.5, queueWait: nil, queueWaitShare: 0, cause: nil),
            "50.0% of I/Os are completed in a kworker"
        ),
        (
            .deferral(reason: .pageCachePresent, share: 0.9),
            "90.0% of the deferred I/Os have the reason page-cache-present: drop the file's cached pages, and do not mix "
                + "buffered and direct I/O"
        ),
        (
            .wait(Stage(.throttle), mean: 13_700_000, share: 0.98, cause: nil),
            "I/Os have no request yet for 13.7ms on average (98.0% of all latency): a limit of the cgroup (io.max,"
                + " io.latency, io.cost) or too few tags (nr_requests) hold them back"
        ),
        (
            .wait(Stage(.asleep), mean: 120_000, share: 0.3, cause: nil),
            "Submitters sleep 120us on average (30.0% of all latency) in their submission before the block layer has a"
                + " bio: until a block of the extent tree is read, for the journal, or for cached pages"
        ),
        (
            .wait(
                .delivery, mean: 2_900_000, share: 0.79,
                cause: .init(cause: .otherTask, name: "hog", mean: 2_800_000, share: 0.9)),
            "What is to run end_io waits 2.90ms on average (79.0% of all latency) for its CPU, of which 2.80ms was spent"
                + " with other tasks on the CPU, mostly hog"
        ),
        (
            .advice(.keepOff(name: "hog", mean: 40_000)),
            "hog has the CPU for 40.0us of each wait: try to keep it off that CPU"
        ),
        (
            .taskWorkWait(
                mean: 2000, share: 0.2, cause: .init(cause: .submitter, name: nil, mean: 1500, share: 0.75)),
            "The issuer's task_work runs 2.00us after the completion on average (20.0% of all latency), of which "
                + "1.50us was spent with the submitters on the CPU"
        ),
    ])
    func sentencesHaveTheirNumbers(sentence: Verdict.Sentence, expected: String) {
        #expect(VerdictText.text(of: sentence) == expected)
    }

    @Test func everyReasonHasItsRemedyAndEveryCauseItsWords() {
        let users = (1...5).map {
            FileUser(
                device: DeviceNumber(major: 8, minor: 0), inode: 1, process: $0, name: "n\u{1b}m", isMapped: $0 == 2)
        }
        #expect(
            VerdictText.text(of: .deferral(reason: .pageCachePresent, share: 1, users: users)).hasSuffix(
                "; when the recording ended it was open without O_DIRECT in n\u{1b}m (1), mapped in n\u{1b}m (2), "
                    + "open without O_DIRECT in n\u{1b}m (3) and 2 more"))
        let remedies = DeferralReason.allCases.map { VerdictText.text(of: .deferral(reason: $0, share: 1)) }
        // The two that a newer kernel avoids are answered alike.
        #expect(Set(remedies.map { $0.split(separator: ": ")[1] }).count == DeferralReason.allCases.count - 1)
        let causes = WaitCause.allCases.map {
            VerdictText.text(
                of: .kworker(
                    share: 1, queueWait: 5, queueWaitShare: 1,
                    cause: .init(cause: $0, name: nil, mean: 5, share: 1)))
        }
        #expect(Set(causes).count == WaitCause.allCases.count)
    }

    /// A submitter may wait for other tasks instead of its completion.
    @Test func moreIsNotPromisedBesideOtherTasks() {
        #expect(
            VerdictText.text(of: .noFewer(.cpu))
                == "as many IOPS at this queue depth or more, for other tasks had that CPU, too, and the submitter may wait"
                + " for them instead")
        #expect(
            VerdictText.text(ifClosed: .noFewer(.cpu))
                == "as many IOPS or more, for it is not known here whether submissions follow completions, and other tasks"
                + " had that CPU, too")
        #expect(VerdictText.text(ifClosed: .more(width: 0.3, .cpu)).hasPrefix("more IOPS if submissions follow"))
    }

    @Test func namesInAVerdictCannotReachTheTerminal() {
        var report = Recordings.report()
        report.verdict = Verdict(sentences: [.advice(.keepOff(name: "h\u{1b}[2Jog", mean: 1))], refusals: [])
        let text = TextReport(report).text
        #expect(text.contains("h\\x1b[2Jog has the CPU for 1ns of each wait") && !text.contains("\u{1b}"))
    }

    @Test func aSelectionsVerdictSaysSo() {
        var report = Recordings.report()
        report.selection = .init(condition: "op=\u{1b}write", ofIOs: 480)
        let lines = TextReport(report).lines
        #expect(lines[1] == " only where op=\\x1bwrite  25.0% of 480 I/Os")
        #expect(lines.contains { $0.contains("VERDICT        Of the selected I/Os alone: 33.3%") })
    }
}
