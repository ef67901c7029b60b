// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// How text may look where it is going.
public struct TextStyle: Sendable {
    /// Columns, 40 to 200. Below 80 some are left out.
    public let width: Int
    public let characters: Characters
    public let palette: Palette

    public enum Characters: Sendable {
        /// Bars of `#`.
        case ascii
        /// Bars of block elements.
        case utf8
    }

    /// The terminal shows nothing beyond ASCII: names are escaped.
    private let isASCIIOnly: Bool

    public init(
        width: Int = 80, characters: Characters = .ascii, palette: Palette = .plain, isASCIIOnly: Bool = false
    ) {
        self.isASCIIOnly = isASCIIOnly
        self.width = min(max(width, 40), 200)
        self.characters = characters
        self.palette = palette
    }

    func escaped(_ text: String) -> String {
        EscapedText(text, asciiOnly: isASCIIOnly).description
    }
}

/// Colours: the only place that writes escape sequences of a terminal. Paint after padding, widths do not count them.
public enum Palette: Sendable {
    case plain, ansi

    enum Role {
        case heading, warning, better, worse, stage(StageContext)
    }

    func paint(_ text: String, _ role: Role) -> String {
        switch self {
        case .plain: text
        case .ansi: "\u{1b}[\(Self.code(role))m\(text)\u{1b}[0m"
        }
    }

    private static func code(_ role: Role) -> Int {
        switch role {
        case .heading: 1
        case .warning: 31
        case .better: 32
        case .worse: 31
        case .stage(.task): 32
        case .stage(.device): 34
        case .stage(.hardirq), .stage(.irqThread): 31
        case .stage(.softirq): 35
        case .stage(.kworker): 33
        case .stage(.taskWork): 36
        }
    }
}
