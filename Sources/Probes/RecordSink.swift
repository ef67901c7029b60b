// SPDX-License-Identifier: GPL-2.0-only

/// What takes the records that come from the kernel.
///
/// A class with one method, not a closure or a protocol: it is called for every I/O while the traced load wants the CPU.
open class RecordSink {
    public init() {}

    /// Gets one record as it came (`struct probe_io` and others, distinguished by their first byte), aligned to 8 bytes;
    /// the bytes are valid during the call only.
    open func take(_ record: UnsafeRawBufferPointer) {}
}
