// SPDX-License-Identifier: GPL-2.0-only

/// Walks the whole chunks of a capture in file order, past damage, with one payload in memory at a time.
///
/// Linear in the size of the file, whatever its contents: a payload is read only if the file is long enough for it, and is
/// never searched for chunks inside it.
struct ChunkWalk {
    struct Chunk {
        /// Where the header is, in bytes from the start of the file.
        var offset: UInt64
        var header: ChunkHeader
    }

    let source: CaptureSource
    private var turn: CaptureShare.Turn
    /// Chunks of I/Os so far, whosever they are.
    private var chunksOfIOs = 0
    /// Bytes in the source; what is appended later is not read.
    let size: UInt64
    /// Where the next chunk must begin.
    private(set) var position: UInt64
    var damage = DamageLog()
    /// The file ends within a chunk, and `damage` says so.
    private(set) var endsCut = false
    /// In words, so that the records in it are aligned.
    private var payload: [UInt64] = []
    private let unpacker = ChunkUnpacker()
    private let columnUnpacker = ColumnUnpacker()

    /// - Parameter turn: whose walk it is. Chunks of I/Os are passed over where they are another's, and so is damage.
    init(_ source: CaptureSource, from position: UInt64, size: UInt64, turn: CaptureShare.Turn = .whole) {
        self.source = source
        self.size = size
        self.position = position
        self.turn = turn
    }

    /// The next chunk whose header and payload have the right checksums; `nil` at the end. Its payload stays readable
    /// until the next call.
    mutating func next() throws(CaptureError) -> Chunk? {
        while position < size {
            let offset = position
            guard let header = try header(at: offset) else {
                try resynchronise(from: offset, ios: nil)
                continue
            }
            guard header.chunkSize <= size - offset else {
                try resynchronise(from: offset, ios: header.ios)
                continue
            }
            if header.isOfIOs {
                chunksOfIOs += 1
                guard turn.owns(chunksOfIOs) else {
                    position = offset + header.chunkSize
                    continue
                }
            }
            guard let checksum = try readPayload(of: header, at: offset) else {
                try resynchronise(from: offset, ios: header.ios)
                continue
            }
            position = offset + header.chunkSize
            guard checksum == header.payloadChecksum else {
                report(.payload, of: Chunk(offset: offset, header: header), ios: header.ios)
                continue
            }
            return Chunk(offset: offset, header: header)
        }
        return nil
    }

    /// Calls `body` with the payload of the chunk that `next()` returned last.
    func withPayload<Result>(
        of header: ChunkHeader, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try payload.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0.prefix(Int(header.length)))) }
    }

    /// Calls `body` with the records of the chunk that `next()` returned last, unpacked.
    /// - Returns: `nil` when they cannot be unpacked.
    func withRecords<Result>(
        of header: ChunkHeader, _ kind: ChunkKind, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        try withPayload(of: header) { payload in
            switch header.flags {
            case ChunkFlag.packed: try unpacker.unpack(payload, kind, count: Int(header.count), body)
            case ChunkFlag.columns: try columnUnpacker.unpack(payload, kind, count: Int(header.count), body)
            default: try body(payload)
            }
        }
    }

    /// The file from `offset` on belongs to no chunk of this recording and is not read: `problem` says why.
    mutating func stop(at offset: UInt64, _ problem: CaptureDamage.Problem) {
        report(problem, at: offset, bytes: size - min(offset, size), ios: 0)
        position = size
    }

    /// Reports what is wrong with a chunk.
    mutating func report(_ problem: CaptureDamage.Problem, of chunk: Chunk, ios: UInt64?) {
        // A chunk of I/Os that comes here is this share's own.
        guard chunk.header.isOfIOs || turn.isFirst else { return }
        damage.add(problem, at: chunk.offset, bytes: chunk.header.chunkSize, ios: ios)
    }

    /// Reports damage that every share of the file encounters.
    mutating func report(_ problem: CaptureDamage.Problem, at offset: UInt64, bytes: UInt64, ios: UInt64?) {
        if turn.isFirst { damage.add(problem, at: offset, bytes: bytes, ios: ios) }
    }

    private func header(at offset: UInt64) throws(CaptureError) -> ChunkHeader? {
        try source.bytes(ChunkHeader.size, at: offset).withUnsafeBytes { ChunkHeader($0, at: 0) }
    }

    /// - Returns: Its checksum, made piece by piece while those are in the cache; `nil` when the source had not all of it.
    private mutating func readPayload(of header: ChunkHeader, at offset: UInt64) throws(CaptureError) -> UInt32? {
        let length = Int(header.length)
        let words = (length + 7) / 8
        if payload.count < words { payload = Array(repeating: 0, count: words) }
        let (source, start) = (source, offset + UInt64(ChunkHeader.size))
        var elements = payload.mutableSpan
        return try elements.withUnsafeMutableBytes { bytes throws(CaptureError) in
            var sum: UInt32 = 0
            for place in stride(from: 0, to: length, by: Self.pieceSize) {
                let piece = bytes[place..<min(length, place + Self.pieceSize)]
                let count = try source.read(
                    at: start + UInt64(place), into: UnsafeMutableRawBufferPointer(rebasing: piece))
                guard count == piece.count else { return nil }
                sum = checksum(UnsafeRawBufferPointer(rebasing: piece), after: sum)
            }
            return sum
        }
    }

    private static let pieceSize = 256 << 10

    /// No whole chunk is at `offset`: goes on at the next header after it, or to the end of the file.
    private mutating func resynchronise(from offset: UInt64, ios: UInt64?) throws(CaptureError) {
        if let next = try nextHeader(after: offset) {
            report(.header, at: offset, bytes: next - offset, ios: ios)
            position = next
            return
        }
        // Less than a header, or a good header whose payload the file does not hold: that is how a cut looks.
        endsCut = ios != nil || size - offset < UInt64(ChunkHeader.size)
        report(endsCut ? .cut : .header, at: offset, bytes: size - offset, ios: ios)
        position = size
    }

    private func nextHeader(after offset: UInt64) throws(CaptureError) -> UInt64? {
        // Starts small: the next header may be near, and a hostile file can have one every few bytes.
        var window: [UInt8] = Array(repeating: 0, count: 512)
        var start = offset + 1
        while start < size {
            let count = try source.read(window.count, at: start, into: &window)
            guard count >= ChunkHeader.size else { return nil }
            let last = count - ChunkHeader.size
            let found = window.withUnsafeBytes { bytes -> Int? in
                var place = 0
                while place <= last {
                    if bytes[place] == ChunkHeader.magicFirstByte, ChunkHeader(bytes, at: place) != nil { return place }
                    place += 1
                }
                return nil
            }
            if let found { return start + UInt64(found) }
            start += UInt64(last + 1)
            if window.count < 64 << 10 { window = Array(repeating: 0, count: window.count * 2) }
        }
        return nil
    }
}
