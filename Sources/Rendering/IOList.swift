// SPDX-License-Identifier: GPL-2.0-only

import Attribution
import DirectIO
import Report

/// Single I/Os, appended to a buffer one by one in the order in which they come.
public struct IOList: Sendable {
    let threads: [UInt32: ThreadName]
    let times: IOTimes
    let devices: [DeviceNumber: DeviceName]
    /// What rows of layers are called by.
    let source: ReportSource?
    private let paths: [FileKey: String]

    private struct FileKey: Hashable {
        var device: DeviceNumber
        var inode: UInt64
    }

    /// Bytes of a JSON line with every key.
    private static let lineCapacity = 1024

    /// - Parameters:
    ///   - threads: names of submitters, by thread number.
    ///   - source: what is known of the recording: when it began, what its devices are called.
    public init(threads: [UInt32: ThreadName] = [:], source: ReportSource? = nil) {
        self.threads = threads
        times = IOTimes(startedMonotonic: source?.startedMonotonic, startedWall: source?.started)
        self.source = source
        devices = Dictionary((source?.devices ?? []).map { ($0.device, $0) }) { first, _ in first }
        paths = Dictionary(
            (source?.files ?? []).map { (FileKey(device: $0.device, inode: $0.inode), $0.path) }
        ) { first, _ in first }
    }

    /// Stages are in an array of their own, composed ones among them.
    private static let fields = IOField.all.filter { if case .stage = $0 { false } else { true } }

    /// One JSON object and a line break. What was not seen has no key.
    public func appendJSON(_ listed: ListedIO, to buffer: inout [UInt8]) {
        let (io, life) = (listed.io, listed.life)
        var json = JSONWriter(isPretty: false, capacity: Self.lineCapacity)
        json.object { json in
            for field in Self.fields {
                if let number = field.number(of: io, life) {
                    json.key(named: field.key)
                    if field == .device { json.value(io.device.description) } else { json.value(number) }
                } else if let text = field.text(of: io, life, threads) {
                    json.key(named: field.key)
                    json.value(text)
                }
            }
            if let path = path(of: io) {
                json.key("file")
                json.value(path)
            }
            json.key("stages")
            json.array { json in
                life.spans.forEach { span in
                    json.element()
                    json.object { json in
                        json.member("name", span.stage.name)
                        json.member("ns", span.nanoseconds)
                    }
                }
            }
            Self.write("queue_wait_causes", listed.queueWait, to: &json)
            Self.write("task_work_wait_causes", listed.taskWorkWait, to: &json)
            Self.write("delivery_wait_causes", listed.shares(of: .delivery), to: &json)
            Self.write("hop_wait_causes", listed.shares(of: .hopWait), to: &json)
            Self.write("submitter_wakeup_causes", listed.shares(of: .submitterWakeup), to: &json)
            if !io.isPlain { Self.write(io.further, to: &json) }
            if let path = io.path { write(path, io, to: &json) }
        }
        buffer.append(contentsOf: json.bytes)
        buffer.append(UInt8(ascii: "\n"))
    }

    /// Its requests and bios, when there are several, and how many went back.
    private static func write(_ further: FurtherLife, to json: inout JSONWriter) {
        if further.requests > 0 { json.member("requests", further.requests) }
        if further.bios > 0 { json.member("bios", further.bios) }
        if further.requeues > 0 { json.member("requeues", further.requeues) }
    }

    private static func write(_ key: StaticString, _ shares: [WaitShare], to json: inout JSONWriter) {
        guard !shares.isEmpty else { return }
        json.array(key, shares) { json, share in
            json.object { json in
                json.member("cause", share.cause.rawValue)
                if let name = share.name { json.member("name", name) }
                json.member("ns", share.nanoseconds)
            }
        }
    }

    /// The devices that it came through, and who brought it back.
    private func write(_ path: LayerPath, _ io: DirectIO, to json: inout JSONWriter) {
        if let deliverer = path.deliverer { json.member("deliverer", deliverer) }
        let parts = layerParts(of: io)
        guard !parts.isEmpty else { return }
        json.array("layers", parts) { json, part in
            json.object { json in
                json.member("device", part.0.device.description)
                json.member("phase", part.0.phase.rawValue)
                json.member("ns", part.1)
            }
        }
    }

    /// What its time in a stack of devices is made of; empty where there is but a disk.
    func layerParts(of io: DirectIO) -> [(LayerPart, UInt64)] {
        var parts: [(LayerPart, UInt64)] = []
        let isTopStacked = io.path?.layers.first.map { isStacked($0.device) } ?? false
        LayerPart.forEach(of: io, evenOfOne: isTopStacked) { part, nanoseconds in
            parts.append((part.known(isStacked: isStacked(part.device)), nanoseconds))
        }
        return parts
    }

    private func isStacked(_ device: DeviceNumber) -> Bool { devices[device]?.isStacked == true }

    func append(_ line: String, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
    }

    /// What the device is called, or its number.
    private func name(of device: DeviceNumber) -> String { devices[device]?.name ?? device.description }

    /// `nil` when it was not looked up.
    public func path(of io: DirectIO) -> String? {
        !io.knowsFile ? nil : paths[FileKey(device: io.device, inode: io.inode)]
    }

    /// The file of an I/O, in short and in full. A block device of its own is its name.
    func file(of io: DirectIO) -> (short: String, full: String) {
        let device = name(of: io.device)
        guard io.knowsFile else { return (device, device) }
        if let path = path(of: io) { return (path.split(separator: "/").last.map(String.init) ?? path, path) }
        return ("\(device):\(io.inode)", "\(device) inode \(io.inode)")
    }

    func submitter(of io: DirectIO, _ style: TextStyle) -> String {
        "\(threads[io.submitterThread].map { style.escaped($0.name) } ?? "thread")/\(io.submitterThread)"
    }
}
