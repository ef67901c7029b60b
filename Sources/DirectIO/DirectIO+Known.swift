// SPDX-License-Identifier: GPL-2.0-only

/// What is known of an I/O of which a trace has only a part. Where it is not, the member itself says nothing: it is 0.
extension DirectIO {
    @inlinable public var knowsDevice: Bool { !isPartial || device.kernelNumber != 0 }
    /// A request's place is on the disk, and of no file.
    @inlinable public var knowsFile: Bool { !isPartial || device.kernelNumber != 0 && !isRequest }
    /// What failed says nothing of how long it was.
    @inlinable public var knowsLength: Bool { !isPartial || length > 0 }
    /// Nothing of it came to a device: it read a hole, or failed before. Only of a recording whose probes see both.
    @inlinable public var hadNoBio: Bool {
        facts.contains(.bySubmitter) && !facts.contains(.endSeen) && times[.issued] == 0
    }
    @inlinable public var knowsError: Bool { !isPartial || times[.completed] != 0 || isRequest }
    @inlinable public var knowsSubmitter: Bool { !isPartial || submitterThread != 0 }
}
