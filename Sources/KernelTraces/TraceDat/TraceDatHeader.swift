// SPDX-License-Identifier: GPL-2.0-only

/// The first bytes of a trace.dat.
struct TraceDatHeader {
    static let magic: [UInt8] = [0x17, 0x08, 0x44] + Array("tracing".utf8)

    enum Compression: Equatable {
        case none, zlib, zstd
    }

    var version: Int
    var order = ByteOrder.little
    var pageSize: Int
    var compression = Compression.none
    /// Where the first section of options is; in version 7.
    var optionsOffset: UInt64 = 0
    /// Where the header ends.
    var size: Int

    static func isPageSize(_ size: UInt32) -> Bool { (4096...(1 << 20)).contains(size) && size.nonzeroBitCount == 1 }

    init(_ bytes: [UInt8], name: String) throws(TraceError) {
        var cursor = ByteCursor(bytes, at: Self.magic.count, .little)
        func damaged(_ expected: String) -> TraceError {
            .damagedHeader(name, offset: UInt64(cursor.position), expected: expected)
        }
        guard let text = cursor.string(), let version = Int(text) else { throw damaged("a version") }
        guard version == 6 || version == 7 else {
            throw .unsupported(name, what: "trace.dat version \(version), expected 6 or 7")
        }
        guard let order = cursor.integer(UInt8.self), order <= 1 else { throw damaged("a byte order") }
        self.order = order == 1 ? .big : .little
        cursor.order = self.order
        guard cursor.integer(UInt8.self) != nil, let page = cursor.integer(UInt32.self) else {
            throw damaged("a page size")
        }
        guard Self.isPageSize(page) else { throw damaged("a page size") }
        (self.version, pageSize) = (version, Int(page))
        if version == 7 {
            guard let compression = cursor.string(), cursor.string() != nil, let offset = cursor.integer(UInt64.self)
            else { throw damaged("compression and options") }
            switch compression {
            case "none", "": self.compression = .none
            case "zlib": self.compression = .zlib
            case "zstd": self.compression = .zstd
            default: throw .unsupported(name, what: "it is compressed by an unknown '\(compression)'")
            }
            optionsOffset = offset
        }
        size = cursor.position
    }
}
