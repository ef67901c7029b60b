// SPDX-License-Identifier: GPL-2.0-only

import Host
import LiveView
import Recording
import Rendering
import SystemPackage

/// Draws the screen, and does what keys ask for.
struct LiveLoop {
    private let watch: LiveWatch
    private let screen: FullScreen
    private let filters: [String]
    private var state: LiveState
    private var filter: LiveWish.Filter?
    private var left: Int

    init(_ watch: LiveWatch, _ screen: FullScreen, filters: [String], state: LiveState, count: Int?) {
        (self.watch, self.screen, self.filters, self.state) = (watch, screen, filters, state)
        left = count ?? .max
    }

    mutating func run() {
        draw()
        var began = HostClock.monotonic
        while left > 0, Interruption.received == nil {
            watch.drain(timeoutMilliseconds: 20)
            if let event = screen.read(milliseconds: 80) {
                guard answer(event) else { return }
                draw()
            }
            guard HostClock.monotonic - began >= UInt64(state.seconds) * 1_000_000_000 else { continue }
            // Intervals do not become longer by what drawing takes; one that was made shorter begins now.
            let late = HostClock.monotonic - began - UInt64(state.seconds) * 1_000_000_000
            began = HostClock.monotonic - (late < 500_000_000 ? late : 0)
            left -= 1
            state.add(watch.interval(LiveWish(groupings: [state.grouping], filter: filter)))
            draw()
        }
    }

    /// - Returns: whether it goes on.
    private mutating func answer(_ event: FullScreen.Event) -> Bool {
        guard case .key(let key) = event else { return event != .lost }
        switch state.press(key) {
        case .quit: return false
        case .show: break
        case .save: save()
        case .filter(let text): choose(text)
        }
        return true
    }

    private mutating func choose(_ text: String) {
        do throws(LiveFilter.Refusal) {
            filter = text.isEmpty ? nil : try LiveFilter(text, seesRecords: state.keeps != nil).filter
            state.choose(text)
        } catch {
            state.say(error.text)
        }
    }

    private mutating func save() {
        var names = CaptureNames.numbered(HostClock.nameFromTime)[...]
        while let path = names.popFirst() {
            do throws(RecordingError) {
                let saved = try watch.save(to: FilePath(path), filters: filters, recorder: Dioscope.version)
                guard let saved else { return state.say("nothing was recorded yet") }
                let span = Quantity.duration(saved.span)
                return state.say("\(path): \(Quantity.ios(saved.ios)) of the last \(span)")
            } catch {
                if case .capture(.exists) = error, !names.isEmpty { continue }
                return state.say(Failure(error).message)
            }
        }
    }

    private func draw() {
        let size = screen.size
        let what = filters.isEmpty ? "all direct I/O" : filters.joined(separator: " ")
        let known = "\(EscapedText(what, asciiOnly: true))"
        screen.show(LiveScreen(state, what: known, width: size.width, height: size.height).lines)
    }
}
