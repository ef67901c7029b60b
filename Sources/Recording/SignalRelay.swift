// SPDX-License-Identifier: GPL-2.0-only

/// Passes the signal that ends us on to a command, once: a command may take a second one for an abort, as we do.
public struct SignalRelay {
    private var isDone = false

    public init() {}

    public mutating func pass(to child: TracedCommand) {
        guard !isDone, let signal = Interruption.received else { return }
        isDone = true
        if Interruption.mustBePassedOn { child.send(signal) }
    }
}
