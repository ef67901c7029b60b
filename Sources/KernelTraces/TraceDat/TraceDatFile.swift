// SPDX-License-Identifier: GPL-2.0-only

import DirectIO

/// A trace.dat as far as it is read before its events: the metadata, and where each CPU's pages lie.
struct TraceDatFile {
    let file: OpenFile
    let header: TraceDatHeader
    var page = PageLayout()
    var formats: [EventFormat] = []
    var symbols = KernelSymbols.none
    /// Names of threads by number: `/sys/kernel/tracing/saved_cmdlines`.
    var threadNames: [UInt32: String] = [:]
    var options = TraceDatOptions()
    var parts: [CPUPart] = []
    var damages = TraceDamages()
    /// Of ftrace's own buffer and of its instances.
    private(set) var buffers: [Buffer] = []
    /// Where a version 6 file has the tables of instances.
    var instances: [(name: String, offset: UInt64)] = []
    /// A version 7 file has the text of a latency tracer.
    var hasText = false

    struct Buffer {
        /// Empty for ftrace's own.
        var name: String
        /// Empty where the file has one clock for all.
        var clock: String
    }

    /// One CPU's pages.
    struct CPUPart {
        var cpu: Int
        var offset: UInt64
        var size: UInt64
        var isPacked: Bool
        /// In `buffers`.
        var buffer = 0
        var pageSize: Int
    }

    /// CPUs that the file has a place for, with data or without.
    private var cpuCount: Int?

    /// Metadata of more bytes is not believed.
    static let largestMetadata = 1 << 27

    init(_ file: OpenFile) throws(TraceError) {
        self.file = file
        header = try TraceDatHeader(try file.bytes(1024, at: 0), name: file.name)
        if header.version == 6 { try readVersion6() } else { try readVersion7() }
        cpuCount = Set(parts.map(\.cpu)).count
        limitParts()
        if let cut = file.cut { damages.add(cut, at: file.size) }
    }

    /// - Returns: its place.
    mutating func add(buffer: Buffer) -> Int {
        buffers.append(buffer)
        return buffers.count - 1
    }

    /// Clocks of buffers that have data; several cannot be put in one order.
    var clocks: [String] {
        var clocks: [String] = []
        for part in parts where part.buffer < buffers.count {
            let clock = buffers[part.buffer].clock
            if !clock.isEmpty, !clocks.contains(clock) { clocks.append(clock) }
        }
        return clocks
    }

    /// Several buffers have data of one CPU: an event may be in each.
    var mayRepeat: Bool { Set(parts.map(\.buffer)).count > 1 }

    /// No part is longer than the file: what is not there is reported.
    private mutating func limitParts() {
        let end = file.size
        for index in parts.indices {
            let part = parts[index]
            let there = part.offset < end ? min(part.size, end - part.offset) : 0
            if there < part.size {
                damages.add("the file is cut: \(part.size - there) bytes of CPU \(part.cpu) are missing", at: end)
                parts[index].size = there
            }
        }
        parts.removeAll { $0.size == 0 }
    }

    mutating func take(formatsOf text: ArraySlice<UInt8>) {
        if formats.count < 1 << 16, let format = EventFormat(Substring(decoding: text, as: UTF8.self)) {
            formats.append(format)
        }
    }

    mutating func take(headerPage text: ArraySlice<UInt8>) {
        page = PageLayout(Substring(decoding: text, as: UTF8.self)) ?? page
    }

    mutating func take(threadNames text: ArraySlice<UInt8>) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard parts.count == 2, let thread = UInt32(String(decoding: parts[0], as: UTF8.self)) else { continue }
            threadNames[thread] = String(decoding: parts[1], as: UTF8.self)
        }
    }

    var description: TraceDescription {
        var description = TraceDescription(kind: "trace.dat v\(header.version)")
        options.describe(&description)
        description.clock = description.clock ?? clocks.first
        description.cpuCount = description.cpuCount ?? cpuCount
        let begin = formats.first { $0.name == EventKind.dioBegin.rawValue }
        let functions: ((String) -> Bool)? = symbols.isEmpty ? nil : { [symbols] in symbols.contains($0) }
        description.completionRule = .of(
            hasFunction: functions, namesCallerCompletion: begin?.bit(named: "CALLER_COMP") != nil,
            release: description.kernel)
        return description
    }
}

/// Where the parts of a ring buffer's page are.
struct PageLayout {
    var commitOffset = 8
    var commitSize = 8
    var dataOffset = 16

    init() {}

    /// From `events/header_page`; `nil` when that has no such fields.
    init?(_ text: Substring) {
        var found = 0
        for line in text.split(separator: "\n") {
            guard let field = EventFormat.field(line.drop { $0 == "\t" }) else { continue }
            if field.name == "commit" { (commitOffset, commitSize, found) = (field.offset, field.size, found + 1) }
            if field.name == "data" { (dataOffset, found) = (field.offset, found + 1) }
        }
        guard found == 2, commitSize == 4 || commitSize == 8, commitOffset >= 8, commitOffset <= 64,
            dataOffset >= commitOffset + commitSize, dataOffset <= 128
        else { return nil }
    }
}
