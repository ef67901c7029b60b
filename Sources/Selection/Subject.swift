// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO

/// What the recording calls its threads, devices and files, and when it began.
public struct RecordedNames: Sendable {
    public let threads: [UInt32: ThreadName]
    let devices: [DeviceName]
    private let files: [FileKey: String]
    let start: Start?

    /// When a recording began, by both clocks, in nanoseconds: CLOCK_MONOTONIC, and since 1970.
    public struct Start: Sendable {
        let monotonic: UInt64
        let wall: Int64

        public init(monotonic: UInt64, wall: Int64) { (self.monotonic, self.wall) = (monotonic, wall) }
    }

    private struct FileKey: Hashable {
        var device: DeviceNumber
        var inode: UInt64
    }

    public init(
        threads: [UInt32: ThreadName] = [:], devices: [DeviceName] = [], files: [FileName] = [], start: Start? = nil
    ) {
        self.threads = threads
        self.devices = devices
        self.files = Dictionary(files.map { (FileKey(device: $0.device, inode: $0.inode), $0.path) }) { first, _ in
            first
        }
        self.start = start
    }

    func path(of io: DirectIO) -> String? { files[FileKey(device: io.device, inode: io.inode)] }

    func name(of device: DeviceNumber) -> String? { devices.first { $0.device == device }?.name }

    func isCalled(_ name: String, _ device: DeviceNumber) -> Bool? {
        devices.first { $0.device == device }?.isCalled(name)
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

    func text(_ field: IOField) -> String? {
        switch field {
        case .file: names.path(of: io)
        case .layer: layers.map { names.name(of: $0) ?? $0.description }.joined(separator: " ")
        default: field.text(of: io, life, names.threads)
        }
    }

    /// From the top; without a stack the device alone.
    var layers: [DeviceNumber] {
        guard let layers = io.path?.layers, !layers.isEmpty else { return io.knowsDevice ? [io.device] : [] }
        return layers.map(\.device)
    }

    /// What a list calls its file: the path, its end, or where no path is known the device and the inode.
    func isOf(file name: String) -> Bool {
        guard io.knowsFile else { return false }
        if let path = names.path(of: io) {
            return path == name || path.split(separator: "/").last.map(String.init) == name
        }
        return [names.name(of: io.device), io.device.description].compactMap(\.self).contains {
            "\($0):\(io.inode)" == name
        }
    }
}
