// SPDX-License-Identifier: GPL-2.0-only

/// Which events the readers know.
public enum TraceEvents {
    /// A tracepoint, or a function by a probe or the function tracer.
    public static func reads(_ name: String) -> Bool {
        !name.isEmpty && (EventKind(rawValue: name) != nil || KernelFunction(rawValue: name) != nil)
    }
}
