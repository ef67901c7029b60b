// SPDX-License-Identifier: GPL-2.0-only

import Attribution

/// What a cause of a wait is called.
enum CauseText {
    /// - Parameters:
    ///   - name: of the task or the work, if it is known. Untrusted.
    ///   - submitter: the name of the submitters, if they have but one. Untrusted.
    ///   - room: columns.
    static func label(
        of cause: WaitCause, name: String?, submitter: String?, room: Int, _ style: TextStyle
    ) -> String {
        // Threads of the same program that submit nothing.
        if let name, name == submitter { return String("other \(style.escaped(name))".prefix(columns: room)) }
        if let name { return String(style.escaped(name).prefix(columns: room)) }
        guard cause == .submitter, let submitter else { return cause.label }
        let label = "\(style.escaped(submitter)) on that CPU"
        return label.columns <= room ? label : String(style.escaped(submitter).prefix(columns: room))
    }
}
