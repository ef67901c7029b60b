// SPDX-License-Identifier: GPL-2.0-only

import Sweep

/// The switches that a sweep sets: the originals are the guard's before anything is written.
final class Switches {
    private let guardian: Guardian
    /// What to write to have the original back.
    private var originals: [String: String] = [:]
    /// What it is set to now; absent: the original.
    private var settings: [String: String] = [:]

    init(_ guardian: Guardian) {
        self.guardian = guardian
    }

    /// Sets these, and every other one back.
    ///
    /// - Returns: why one could not be set, by its path.
    func set(_ wanted: [(path: String, value: String)]) throws(Failure) -> [String: String] {
        var problems: [String: String] = [:]
        for path in Array(settings.keys) where !wanted.contains(where: { $0.path == path }) {
            guard let original = originals[path] else { continue }
            problems[path] = SwitchFile.write(original, to: path)
            settings[path] = nil
        }
        for (path, value) in wanted where settings[path] != value {
            if originals[path] == nil {
                guard let content = SwitchFile.read(path) else {
                    problems[path] = "it cannot be read"
                    continue
                }
                originals[path] = SwitchText.restoring(content)
                try guardian.send(.restore(path: path, content: SwitchText.restoring(content)))
            }
            problems[path] = SwitchFile.write(value + "\n", to: path)
            settings[path] = problems[path] == nil ? value : nil
        }
        return problems
    }
}
