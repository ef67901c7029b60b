// SPDX-License-Identifier: GPL-2.0-only

/// A stretch of time on a track; an instant when it ends as it begins and `isInstant`.
struct TrackSlice {
    var start: UInt64
    var end: UInt64
    var name: String
    var isInstant = false
    /// Ties it to the other slices of its I/O.
    var flow: Flow?
    var annotations: [PerfettoDebugAnnotation] = []

    struct Flow {
        var id: UInt64
        /// Nothing of the I/O follows.
        var ends: Bool
    }
}

extension PerfettoDebugAnnotation {
    init(_ name: String, _ value: String) {
        self.init()
        self.name = name
        stringValue = value
    }

    init(_ name: String, _ value: some BinaryInteger) {
        self.init()
        self.name = name
        if value < 0 { intValue = Int64(clamping: value) } else { uintValue = UInt64(clamping: value) }
    }
}
