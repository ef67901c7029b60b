// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Joiner

/// Switches to submitters, runs of workers, and how long a submitter was displaced by one.
@Suite struct SchedulingCountsTests {
    @Test func aSubmitterStandsWhileAWorkerCompletes() {
        var counts = SchedulingCounts()
        counts.taskSwitched(standing: false, toSubmitter: true, at: 100)
        counts.taskSwitched(standing: true, toSubmitter: false, at: 200)
        counts.workStarted()
        counts.workStarted()
        counts.taskSwitched(standing: false, toSubmitter: true, at: 260)
        #expect(counts.submitterRuns == 2 && counts.workerRuns == 1 && counts.works == 2)
        #expect(counts.submitterDisplaced == 60)
    }

    @Test func aWorkerWithoutCompletionsIsNoRun() {
        var counts = SchedulingCounts()
        counts.taskSwitched(standing: true, toSubmitter: false, at: 200)
        counts.taskSwitched(standing: false, toSubmitter: true, at: 260)
        #expect(counts.submitterDisplaced == 0 && counts.workerRuns == 0)
    }

    @Test func lostEventsEndAStanding() {
        var counts = SchedulingCounts()
        counts.taskSwitched(standing: true, toSubmitter: false, at: 200)
        counts.workStarted()
        counts.forget()
        counts.taskSwitched(standing: false, toSubmitter: false, at: 900)
        #expect(counts.submitterDisplaced == 0 && counts.works == 1)
    }
}
