// SPDX-License-Identifier: GPL-2.0-only

import SystemPackage

/// Why a capture cannot be opened, read or written: what, where, what was expected, what to do. One line each.
public enum CaptureError: Error, Hashable, Sendable, CustomStringConvertible {
    // Reading.
    case cannotOpen(FilePath, Errno)
    case cannotRead(FilePath, offset: UInt64, Errno)
    case isDirectory(FilePath)
    case empty(FilePath)
    /// The file begins with `firstBytes`, at most eight.
    case notACapture(FilePath, firstBytes: [UInt8])
    /// A transfer in text mode changed bytes of it.
    case textTransfer(FilePath)
    /// The file has `size` bytes, less than its header.
    case cutInHeader(FilePath, size: Int)
    /// A major version that this dioscope does not read.
    case otherVersion(FilePath, found: CaptureVersion, supported: CaptureVersion)
    /// The first chunk is another than the session.
    case missingSession(FilePath, offset: UInt64)
    case damagedSession(FilePath, offset: UInt64, problem: String)

    // Writing.
    case exists(FilePath)
    case cannotCreate(FilePath, Errno)
    /// `kept` bytes, whole chunks, are in the file.
    case diskFull(FilePath, kept: UInt64, Errno)
    case writeFailed(FilePath, kept: UInt64, Errno)
    case chunkTooLong(FilePath, bytes: Int)
    case finished(FilePath)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let errno):
            "cannot open \(path): \(errno)"
        case .cannotRead(let path, let offset, let errno):
            "cannot read \(path) at byte \(offset): \(errno)"
        case .isDirectory(let path):
            "\(path) is a directory, a capture file was expected"
        case .empty(let path):
            "\(path) is empty, a capture was expected; was the recorder stopped before it wrote?"
        case .notACapture(let path, let firstBytes):
            "\(path) is not a capture: begins with \(quoted(firstBytes)), expected \(quoted(CaptureFormat.magic))"
        case .textTransfer(let path):
            "\(path) was damaged by a transfer in text mode (byte 4); copy the capture again in binary mode"
        case .cutInHeader(let path, let size):
            "\(path) was cut at byte \(size), in its header of \(CaptureFormat.headerSize) bytes; copy it again"
        case .otherVersion(let path, let found, let supported):
            "\(path) has capture version \(found), this dioscope reads \(supported.major).x; "
                + (found.major > supported.major ? "use a newer dioscope" : "its header is damaged, copy it again")
        case .missingSession(let path, let offset):
            "\(path) has no session at byte \(offset), where its first chunk must be one; record or copy it again"
        case .damagedSession(let path, let offset, let problem):
            "\(path) has a damaged session at byte \(offset): \(problem); copy it again or use another capture"
        case .exists(let path):
            "\(path) exists and is not overwritten; give another name or remove it"
        case .cannotCreate(let path, let errno):
            "cannot create \(path): \(errno)"
        case .diskFull(let path, let kept, let errno):
            "no space left for \(path): \(errno); its first \(kept) bytes are kept and can be reported"
        case .writeFailed(let path, let kept, let errno):
            "cannot write \(path) at byte \(kept): \(errno); what was written before is kept"
        case .chunkTooLong(let path, let bytes):
            "cannot write \(path): a chunk of \(bytes) bytes, expected at most \(CaptureFormat.maximumPayload)"
        case .finished(let path):
            "cannot write \(path): the capture is finished"
        }
    }
}

/// `bytes` in quotes, all but printable ASCII as `\xNN`.
private func quoted(_ bytes: [UInt8]) -> String {
    let escaped = bytes.map { byte in
        switch byte {
        case UInt8(ascii: " ")...UInt8(ascii: "~"): String(Unicode.Scalar(byte))
        default: (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
        }
    }
    return "\"\(escaped.joined())\""
}
