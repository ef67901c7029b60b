// SPDX-License-Identifier: GPL-2.0-only

import CZlib
import CZstd

/// One piece of a compressed trace.dat.
enum Decompression {
    /// No piece may be larger unpacked: those of trace-cmd are of a few pages, and its kernel symbols of a few megabytes.
    static let largest = 1 << 26

    /// - Returns: `size` bytes, `nil` when the piece is damaged.
    static func unpack(
        _ packed: UnsafeRawBufferPointer, into size: Int, by compression: TraceDatHeader.Compression
    ) -> [UInt8]? {
        guard size <= largest else { return nil }
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = 0
            switch compression {
            case .none: break
            case .zstd:
                let unpacked = ZSTD_decompress(buffer.baseAddress, size, packed.baseAddress, packed.count)
                guard ZSTD_isError(unpacked) == 0 else { return }
                (count, isWhole) = (unpacked, unpacked == size)
            case .zlib:
                var length = UInt(size)
                let source = packed.bindMemory(to: UInt8.self).baseAddress
                let result = uncompress(buffer.baseAddress, &length, source, UInt(packed.count))
                guard result == Z_OK else { return }
                (count, isWhole) = (Int(length), Int(length) == size)
            }
        }
        return isWhole ? bytes : nil
    }
}
