// SPDX-License-Identifier: GPL-2.0-only

extension TraceDatFile {
    /// Everything lies one after the other, without offsets: what is damaged hides what follows.
    mutating func readVersion6() throws(TraceError) {
        var reader = SerialReader(file, at: UInt64(header.size), header.order)
        guard try reader.string() == "header_page", let page = try reader.sized(UInt64.self) else {
            throw reader.expected("header_page")
        }
        take(headerPage: page[...])
        guard try reader.string() == "header_event", try reader.sized(UInt64.self) != nil else {
            throw reader.expected("header_event")
        }
        try readFormats(&reader)
        guard let symbols = try reader.sized(UInt32.self) else { throw reader.expected("kernel symbols") }
        self.symbols = KernelSymbols(symbols)
        guard try reader.sized(UInt32.self) != nil else { throw reader.expected("formats of trace_printk") }
        guard let names = try reader.sized(UInt64.self) else { throw reader.expected("names of threads") }
        take(threadNames: names[...])
        guard let cpus = try reader.integer(UInt32.self), cpus <= 65536 else {
            throw reader.expected("the number of CPUs")
        }

        var mark = try reader.fixed(10)
        while mark == "options  " {
            try readOptions(&reader)
            mark = try reader.fixed(10)
        }
        if mark == "latency  " {
            throw Self.latencyText(file.name)
        }
        guard mark == "flyrecord" else { throw reader.expected("where the CPUs' data lie") }
        try readParts(of: add(buffer: Buffer(name: "", clock: "")), cpus: Int(cpus), &reader)
        // An instance's table of CPUs is where its option says.
        for (name, offset) in instances {
            var reader = SerialReader(file, at: offset, header.order)
            guard try reader.fixed(10) == "flyrecord" else {
                damages.add("the table of CPUs of the instance '\(name)' is damaged or cut off", at: offset)
                continue
            }
            try readParts(of: add(buffer: Buffer(name: name, clock: "")), cpus: Int(cpus), &reader)
        }
    }

    private mutating func readParts(of buffer: Int, cpus: Int, _ reader: inout SerialReader) throws(TraceError) {
        for cpu in 0..<cpus {
            guard let offset = try reader.integer(UInt64.self), let size = try reader.integer(UInt64.self) else {
                damages.add("the file is cut before the data of CPU \(cpu)", at: file.size)
                return
            }
            parts.append(
                CPUPart(
                    cpu: cpu, offset: offset, size: size, isPacked: false, buffer: buffer, pageSize: header.pageSize))
        }
    }

    private mutating func readFormats(_ reader: inout SerialReader) throws(TraceError) {
        guard let own = try reader.integer(UInt32.self) else { throw reader.expected("formats of ftrace's events") }
        for _ in 0..<own {
            guard let text = try reader.sized(UInt64.self) else { throw reader.expected("the format of an event") }
            take(formatsOf: text[...])
        }
        guard let systems = try reader.integer(UInt32.self) else { throw reader.expected("formats of events") }
        for _ in 0..<systems {
            guard try reader.string() != nil, let count = try reader.integer(UInt32.self) else {
                throw reader.expected("a system of events")
            }
            for _ in 0..<count {
                guard let text = try reader.sized(UInt64.self) else { throw reader.expected("the format of an event") }
                take(formatsOf: text[...])
            }
        }
    }

    private mutating func readOptions(_ reader: inout SerialReader) throws(TraceError) {
        while let number = try reader.integer(UInt16.self), number != 0 {
            guard let data = try reader.sized(UInt32.self) else { return }
            if number == 3 { takeInstance(data) } else { options.take(number, data[...], header.order) }
        }
    }
}

extension TraceDatFile {
    static func latencyText(_ name: String) -> TraceError {
        .unsupported(name, what: "it has text of a latency tracer: give 'trace-cmd report' of it")
    }

    private mutating func takeInstance(_ data: [UInt8]) {
        var cursor = ByteCursor(data, header.order)
        guard let offset = cursor.integer(UInt64.self), let name = cursor.string(), instances.count < 1024 else {
            return
        }
        instances.append((name, offset))
    }
}

/// Reads a file from a place on, in pieces of which each says how long it is.
struct SerialReader {
    private let file: OpenFile
    private(set) var position: UInt64
    private let order: ByteOrder

    init(_ file: OpenFile, at position: UInt64, _ order: ByteOrder) {
        self.file = file
        self.order = order
        self.position = position
    }

    func expected(_ what: String) -> TraceError {
        .damagedHeader(file.name, offset: position, expected: what)
    }

    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
        _ type: Value.Type
    ) throws(TraceError) -> Value? {
        var cursor = ByteCursor(try file.bytes(MemoryLayout<Value>.size, at: position), order)
        guard let value = cursor.integer(type) else { return nil }
        position += UInt64(MemoryLayout<Value>.size)
        return value
    }

    mutating func sized<Size: FixedWidthInteger & UnsignedInteger>(
        _ type: Size.Type
    ) throws(TraceError) -> [UInt8]? {
        guard let size = try integer(type), size <= TraceDatFile.largestMetadata else { return nil }
        let bytes = try file.bytes(Int(size), at: position)
        guard bytes.count == Int(size) else { return nil }
        position += UInt64(bytes.count)
        return bytes
    }

    /// At most 255 bytes and a NUL.
    mutating func string() throws(TraceError) -> String? {
        var cursor = ByteCursor(try file.bytes(256, at: position), order)
        guard let text = cursor.string() else { return nil }
        position += UInt64(cursor.position)
        return text
    }

    /// `count` bytes, of which those from a NUL on do not count.
    mutating func fixed(_ count: Int) throws(TraceError) -> String {
        let bytes = try file.bytes(count, at: position)
        position += UInt64(bytes.count)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
