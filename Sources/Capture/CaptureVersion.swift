// SPDX-License-Identifier: GPL-2.0-only

/// Version of the capture format: a higher minor only adds, a higher major cannot be read.
public struct CaptureVersion: Hashable, Sendable, CustomStringConvertible {
    public let major: UInt16
    public let minor: UInt16

    public init(major: UInt16, minor: UInt16) {
        self.major = major
        self.minor = minor
    }

    public var description: String { "\(major).\(minor)" }
}
