// SPDX-License-Identifier: GPL-2.0-only

import CCurses
import LiveView

/// The terminal as a screen, through ncurses. One at a time.
final class FullScreen {
    enum Event: Equatable {
        case key(Character)
        case resized
        /// The terminal is gone.
        case lost
    }

    private let hasColours: Bool

    /// - Returns: `nil` where the terminal cannot hold a screen.
    init?(wantsColour: Bool) {
        guard terminal_begin(wantsColour ? 1 : 0) == 0 else { return nil }
        hasColours = wantsColour
    }

    func end() { terminal_end() }

    var size: (width: Int, height: Int) {
        var (columns, rows) = (Int32(80), Int32(24))
        terminal_size(&columns, &rows)
        return (Int(columns), Int(rows))
    }

    func show(_ lines: [[LiveScreen.Span]]) {
        terminal_clear()
        for (row, line) in lines.enumerated() {
            var column = 0
            for span in line {
                terminal_put(Int32(row), Int32(column), span.text, look(span.look))
                column += span.text.count
            }
        }
        terminal_show()
    }

    private func look(_ look: LiveScreen.Look) -> terminal_look {
        switch look {
        case .plain: TERMINAL_PLAIN
        case .heading: TERMINAL_BOLD
        case .soft: TERMINAL_SOFT
        case .warning: hasColours ? TERMINAL_WARNING : TERMINAL_BOLD
        case .keys: TERMINAL_REVERSE
        case .density(let level) where !hasColours: level > 6 ? TERMINAL_BOLD : TERMINAL_PLAIN
        case .density(let level): level > 6 ? TERMINAL_YELLOW : level > 3 ? TERMINAL_CYAN : TERMINAL_BLUE
        }
    }

    /// What was pressed, or `nil` after so long.
    func read(milliseconds: Int) -> Event? {
        switch terminal_read(Int32(milliseconds)) {
        case TERMINAL_NO_KEY.rawValue: nil
        case TERMINAL_RESIZED.rawValue: .resized
        case TERMINAL_LOST.rawValue: .lost
        // Letters beyond ASCII come in several bytes: no key and no filter has them.
        case let key: UInt8(exactly: key).flatMap { $0 < 0x80 ? .key(Character(Unicode.Scalar($0))) : nil }
        }
    }
}
