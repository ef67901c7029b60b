// SPDX-License-Identifier: GPL-2.0-only

extension TraceDatFile {
    private struct Section {
        var id: UInt16
        var isPacked: Bool
        /// Where its content begins.
        var offset: UInt64
        var size: UInt64
    }

    private static let sectionHeader: UInt64 = 16

    /// Sections lie one after the other, and options give the offsets of all but the first. They are walked in file
    /// order: of a file that is cut, whatever precedes the cut is found that way, also without the options at its end.
    mutating func readVersion7() throws(TraceError) {
        var position = UInt64(header.size)
        var buffers: [Section] = []
        while let section = try section(at: position) {
            if section.id == 3 {
                buffers.append(section)
            } else {
                try take(section)
            }
            let (next, overflow) = section.offset.addingReportingOverflow(section.size)
            guard !overflow, next <= file.size, section.size > 0 else { break }
            position = next
        }
        if parts.isEmpty, hasText { throw Self.latencyText(file.name) }
        if parts.isEmpty, !formats.isEmpty {
            damages.add("the file is cut: the table of CPUs is missing", at: file.size)
            if let buffer = buffers.first { try findParts(in: buffer) }
        }
        guard !formats.isEmpty else {
            throw .damagedHeader(file.name, offset: position, expected: "formats of events")
        }
    }

    private func section(at position: UInt64) throws(TraceError) -> Section? {
        var cursor = ByteCursor(try file.bytes(Int(Self.sectionHeader), at: position), header.order)
        guard let id = cursor.integer(UInt16.self), let flags = cursor.integer(UInt16.self),
            cursor.integer(UInt32.self) != nil, let size = cursor.integer(UInt64.self)
        else { return nil }
        return Section(id: id, isPacked: flags & 1 != 0, offset: position + Self.sectionHeader, size: size)
    }

    /// Sections that are read, by number, as messages call them.
    private static let contents = [
        0: "options", 16: "formats of pages", 17: "formats of the tracer's records", 18: "formats of events",
        19: "names of functions", 21: "names of threads",
    ]

    private mutating func take(_ section: Section) throws(TraceError) {
        guard let name = Self.contents[Int(section.id)] else { return }
        guard let bytes = try content(of: section) else {
            damages.add("the \(name) are damaged or cut off", at: section.offset)
            return
        }
        var cursor = ByteCursor(bytes, header.order)
        switch section.id {
        case 0: takeOptions(&cursor)
        case 16:
            if cursor.string() == "header_page", let page = cursor.sized(by: UInt64.self) { take(headerPage: page) }
        case 17: takeFormats(&cursor)
        case 18:
            for _ in 0..<(cursor.integer(UInt32.self) ?? 0) {
                guard cursor.string() != nil, cursor.remaining > 0 else { break }
                takeFormats(&cursor)
            }
        case 19: symbols = KernelSymbols(Array(cursor.sized(by: UInt32.self) ?? []))
        default: take(threadNames: cursor.sized(by: UInt64.self) ?? [])
        }
    }

    private mutating func takeFormats(_ cursor: inout ByteCursor) {
        for _ in 0..<(cursor.integer(UInt32.self) ?? 0) {
            guard let text = cursor.sized(by: UInt64.self) else { return }
            take(formatsOf: text)
        }
    }

    private func content(of section: Section) throws(TraceError) -> [UInt8]? {
        guard section.size <= UInt64(Self.largestMetadata) else { return nil }
        let bytes = try file.bytes(Int(section.size), at: section.offset)
        guard bytes.count == Int(section.size) else { return nil }
        guard section.isPacked else { return bytes }
        var cursor = ByteCursor(bytes, header.order)
        guard let packedSize = cursor.integer(UInt32.self), let size = cursor.integer(UInt32.self),
            let packed = cursor.take(Int(packedSize))
        else { return nil }
        return packed.withUnsafeBytes { Decompression.unpack($0, into: Int(size), by: header.compression) }
    }

    private mutating func takeOptions(_ cursor: inout ByteCursor) {
        while let number = cursor.integer(UInt16.self), let data = cursor.sized(by: UInt32.self), number != 0 {
            if number == 22, data.count > 8 { hasText = true }
            if number == 3 { takeBuffer(data) } else { options.take(number, data, header.order) }
        }
    }

    /// One instance's table of CPUs. Several instances are read as one trace.
    private mutating func takeBuffer(_ data: ArraySlice<UInt8>) {
        var cursor = ByteCursor(Array(data), header.order)
        guard let offset = cursor.integer(UInt64.self), let name = cursor.string(), let clock = cursor.string(),
            let page = cursor.integer(UInt32.self), let count = cursor.integer(UInt32.self),
            let section = try? section(at: offset)
        else { return damages.add("a damaged table of CPUs", at: UInt64(header.size)) }
        let pageSize = TraceDatHeader.isPageSize(page) ? Int(page) : header.pageSize
        let buffer = add(buffer: Buffer(name: name, clock: clock))
        for _ in 0..<count {
            guard let cpu = cursor.integer(UInt32.self), let offset = cursor.integer(UInt64.self),
                let size = cursor.integer(UInt64.self)
            else { return }
            guard cpu < 65536 else { continue }
            parts.append(
                CPUPart(
                    cpu: Int(cpu), offset: offset, size: size, isPacked: section.isPacked, buffer: buffer,
                    pageSize: pageSize))
        }
    }

    /// Without their table the CPUs' packed data can still be found: each begins on a page's border, with the number
    /// of its chunks. Plain data cannot be separated by CPU.
    private mutating func findParts(in buffer: Section) throws(TraceError) {
        guard buffer.isPacked else { return }
        let page = UInt64(header.pageSize)
        var position = buffer.offset
        var cpu = 0
        while position < file.size, cpu < 65536 {
            position = (position + page - 1) / page * page
            let start = position
            guard let end = try endOfChunks(at: start) else {
                parts.append(
                    CPUPart(
                        cpu: cpu, offset: start, size: file.size - min(start, file.size), isPacked: true,
                        pageSize: header.pageSize))
                return
            }
            parts.append(
                CPUPart(cpu: cpu, offset: start, size: end - start, isPacked: true, pageSize: header.pageSize))
            position = end
            cpu += 1
        }
    }

    private func endOfChunks(at start: UInt64) throws(TraceError) -> UInt64? {
        var cursor = ByteCursor(try file.bytes(4, at: start), header.order)
        guard let count = cursor.integer(UInt32.self) else { return nil }
        var position = start + 4
        for _ in 0..<count {
            var cursor = ByteCursor(try file.bytes(8, at: position), header.order)
            guard let packed = cursor.integer(UInt32.self) else { return nil }
            position += 8 + UInt64(packed)
            guard position <= file.size else { return nil }
        }
        return position
    }
}
