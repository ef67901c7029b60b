// SPDX-License-Identifier: GPL-2.0-only

import Capture

/// Records as they came, one behind the other.
struct KeptBytes {
    private(set) var bytes: [UInt8] = []
    private var lengths: [UInt16] = []

    /// - Parameter record: shorter than 64 KiB, as all are.
    mutating func append(_ record: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: record)
        lengths.append(UInt16(record.count))
    }

    func forEach<Failure>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        var place = 0
        for length in lengths {
            let record = bytes[place..<place + Int(length)]
            let result = record.withUnsafeBytes { bytes in
                Result { () throws(Failure) in try body(bytes) }
            }
            try result.get()
            place += Int(length)
        }
    }
}

extension CaptureWriter {
    func append(_ record: [UInt8]) throws(CaptureError) {
        try record.withUnsafeBytes { bytes in Result { () throws(CaptureError) in try append(bytes) } }.get()
    }
}
