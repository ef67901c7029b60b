// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What the recording calls its threads and devices.
public struct RecordedNames: Sendable {
    public let threads: [UInt32: ThreadName]
    let devices: [DeviceName]

    public init(threads: [UInt32: ThreadName] = [:], devices: [DeviceName] = []) {
        self.threads = threads
        self.devices = devices
    }
}

/// An I/O of which something is asked.
public struct Subject {
    let io: DirectIO
    let life: AttributedLife
    let names: RecordedNames

    public init(_ io: DirectIO, _ life: AttributedLife, _ names: RecordedNames) {
        self.io = io
        self.life = life
        self.names = names
    }

    func number(_ field: IOField) -> Int128? { field.number(of: io, life) }

    func text(_ field: IOField) -> String? { field.text(of: io, life, names.threads) }
}
