// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Rendering

/// One JSON object a line and I/O, in the order of the capture.
public final class JSONLinesExport: IOExport {
    public var output: [UInt8] = []
    private let list: IOList

    /// - Parameter threads: names of submitters, by thread number.
    public init(threads: [UInt32: ThreadName]) {
        list = IOList(threads: threads)
    }

    public func add(_ io: ListedIO) { list.appendJSON(io, to: &output) }
    public func finish() {}
}
