// SPDX-License-Identifier: GPL-2.0-only

import FoundationEssentials

/// The JSON in chunks: one object or array, fields in alphabetical order.
enum ChunkJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// - Returns: `nil` when the payload is not JSON of that type.
    static func decode<Value: Decodable>(_ type: Value.Type, from payload: UnsafeRawBufferPointer) -> Value? {
        try? JSONDecoder().decode(type, from: Data(payload))
    }
}
