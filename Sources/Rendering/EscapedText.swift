// SPDX-License-Identifier: GPL-2.0-only

/// Untrusted text (thread names, paths, command lines, host names) made safe to print: what could move the cursor,
/// change colours or reorder the line is written as `\x1b` (below 0x80, and for bytes that are not UTF-8) or
/// `\u{202e}`. A backslash becomes two, so that an escape cannot be feigned.
public struct EscapedText: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Parameter asciiOnly: escape everything beyond ASCII, for a terminal that does not show it.
    public init(_ text: String, asciiOnly: Bool = false) {
        var escaped = ""
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            Self.append(scalar, after: last, asciiOnly, to: &escaped)
            last = scalar
        }
        description = escaped
    }

    /// Bytes as the kernel has them, which need not be UTF-8.
    public init(bytes: some Sequence<UInt8>, asciiOnly: Bool = false) {
        let bytes = Array(bytes)
        var escaped = ""
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var (position, last) = (0, Unicode.Scalar?.none)
        decoding: while true {
            switch decoder.parseScalar(from: &iterator) {
            case .valid(let encoded):
                position += encoded.count
                let scalar = Unicode.UTF8.decode(encoded)
                Self.append(scalar, after: last, asciiOnly, to: &escaped)
                last = scalar
            case .error(let length):
                for byte in bytes[position..<(position + length)] { escaped += Self.hexadecimal(UInt32(byte)) }
                position += length
                last = nil
            case .emptyInput: break decoding
            }
        }
        description = escaped
    }

    private static func hexadecimal(_ byte: UInt32) -> String {
        (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
    }

    /// - Parameter last: the one before it.
    private static func append(
        _ scalar: Unicode.Scalar, after last: Unicode.Scalar?, _ asciiOnly: Bool, to escaped: inout String
    ) {
        if scalar == "\\" {
            escaped += "\\\\"
        } else if isHarmless(scalar, after: last), scalar.isASCII || !asciiOnly {
            escaped.unicodeScalars.append(scalar)
        } else if scalar.isASCII {
            escaped += hexadecimal(scalar.value)
        } else {
            escaped += "\\u{" + String(scalar.value, radix: 16) + "}"
        }
    }

    private static func isHarmless(_ scalar: Unicode.Scalar, after last: Unicode.Scalar?) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7f }
        // What takes no column, or looks like nothing.
        if scalar.properties.isDefaultIgnorableCodePoint || scalar == "\u{2800}" { return false }
        return switch scalar.properties.generalCategory {
        // C1; bidirectional overrides, zero-width and tag characters; separators that break a line; blanks that are none.
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .privateUse,
            .unassigned:
            false
        // On a letter it is part of a name; on our own text, or on others of its kind, it covers what is there.
        case .nonspacingMark, .enclosingMark, .spacingMark: last?.properties.isAlphabetic ?? false
        default: true
        }
    }
}
