// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering
import Report

/// One JSON object a line and I/O, in the order of the capture.
public final class JSONLinesExport: IOExport {
    public var output: [UInt8] = []
    private let list: IOList

    /// - Parameters:
    ///   - threads: names of submitters, by thread number.
    ///   - source: what is known of the recording.
    public init(threads: [UInt32: ThreadName], source: ReportSource? = nil) {
        list = IOList(threads: threads, source: source)
    }

    public func add(_ io: ListedIO) { list.appendJSON(io, to: &output) }
    public func finish() {}
}
