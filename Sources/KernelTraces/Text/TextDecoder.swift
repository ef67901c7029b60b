// SPDX-License-Identifier: GPL-2.0-only

/// Makes events of what stands behind an event's name in a text.
struct TextDecoder {
    private let table: NameTable
    private let calls: ProbeCalls
    private let fields = FieldNames()
    var flagBits: IOFlagBits
    /// By the number of the name.
    private var functions: [KernelFunction?] = []
    /// Functions that are printed as an address.
    private(set) var unnamed: UInt64 = 0
    private(set) var named: UInt64 = 0

    init(_ table: NameTable, _ calls: ProbeCalls, flagBits: IOFlagBits) {
        self.table = table
        self.calls = calls
        self.flagBits = flagBits
    }

    /// - Returns: `nil` when the text is not what events of that kind look like.
    @inline(__always)
    mutating func body(_ kind: EventKind, _ text: inout Scanner, thread: UInt32) -> KernelEvent.Body? {
        switch kind {
        case .dioBegin: begin(&text).map { .dioBegin($0) }
        case .dioComplete: complete(&text).map { .dioComplete($0) }
        case .dioIteration: direction(&text)
        case .uringSubmit, .uringSubmitEntry: uringSubmit(&text)
        case .fileChange: fileChange(&text)
        case .bioQueue: block(&text).map { .bioQueue($0) }
        case .bioRemap: remap(&text)
        case .requestRequeue: block(&text).map { .requestRequeue($0) }
        case .requestMade: block(&text).map { .requestMade($0) }
        case .requestInsert: block(&text).map { .requestInsert($0) }
        case .requestIssue: block(&text).map { .requestIssue($0) }
        case .requestComplete: completedBlock(&text).map { .requestComplete($0) }
        case .workQueue: work(&text).map { .workQueue($0) }
        case .workStart: work(&text).map { .workStart($0) }
        case .workEnd: work(&text).map { .workEnd($0) }
        case .irqEntry: text.skip("irq=") ? text.decimal().map { .irqEntry(UInt32(truncatingIfNeeded: $0)) } : nil
        case .softirqRaise:
            text.skip("vec=") ? text.decimal().map { .softirqRaise(UInt32(truncatingIfNeeded: $0)) } : nil
        case .softirqEntry:
            text.skip("vec=") ? text.decimal().map { .softirqEntry(UInt32(truncatingIfNeeded: $0)) } : nil
        case .taskSwitch: taskSwitch(&text, thread).map { .taskSwitch($0) }
        case .functionTrace: functionTrace(&text)
        default: kind.body
        }
    }

    /// `dev 259:1 ino 0xc size 0x1000000 offset 0xf7000 length 0x1000 done_before 0x0 flags A|B dio_flags C aio 1`
    private func begin(_ text: inout Scanner) -> DirectIOBegin? {
        guard let device = device(&text), text.skip(" ino "), let inode = text.hexadecimal(), text.skip(" size "),
            let size = text.hexadecimal(), text.skip(" offset "), let position = text.hexadecimal(),
            text.skip(" length "),
            let length = text.hexadecimal(), text.skip(" done_before "), let done = text.hexadecimal(),
            text.skip(" flags ")
        else { return nil }
        let flags = IOFlags(text: text.word(), bits: flagBits)
        guard text.skip(" dio_flags") else { return nil }
        // A line that was wrapped keeps one of two spaces around nothing; some programs make a tab of them.
        text.skipSpaces()
        let dioFlags = text.skip("aio ") ? UnsafeRawBufferPointer(start: nil, count: 0) : text.word()
        guard dioFlags.baseAddress == nil || text.skip(" aio "), let isAsynchronous = text.decimal() else { return nil }
        return DirectIOBegin(
            device: device, inode: inode, position: position, length: length, doneBefore: done, fileSize: size,
            flags: flags,
            forcesWait: dioFlags.starts(with: "DIO_FORCE_WAIT".utf8), isAsynchronous: isAsynchronous != 0)
    }

    /// `dev 259:1 ino 0xc size 0x1000000 offset 0x2fe000 flags A|B aio 1 error 0 ret 4096`
    private func complete(_ text: inout Scanner) -> DirectIOComplete? {
        guard let device = device(&text), text.skip(" ino "), let inode = text.hexadecimal(), text.skip(" size "),
            text.hexadecimal() != nil, text.skip(" offset "), let position = text.hexadecimal(), text.skip(" flags ")
        else { return nil }
        let flags = IOFlags(text: text.word(), bits: flagBits)
        guard text.skip(" aio "), let isAsynchronous = text.decimal(), text.skip(" error "),
            let error = text.signedDecimal(),
            text.skip(" ret "), let result = text.signedDecimal()
        else { return nil }
        return DirectIOComplete(
            device: device, inode: inode, position: position, flags: flags, isAsynchronous: isAsynchronous != 0,
            error: Int32(truncatingIfNeeded: error), result: result)
    }

    /// `dev 7:0 ino 0xc pos 0x0 length 0x1000 flags WRITE|DIRECT (0x11) ops ...`; what is not direct is of no interest.
    private func direction(_ text: inout Scanner) -> KernelEvent.Body? {
        guard text.skip(through: " flags ") else { return nil }
        let flags = text.word().split(separator: UInt8(ascii: "|"))
        guard flags.contains(where: { $0.elementsEqual("DIRECT".utf8) }) else { return nil }
        return .dioDirection(isWrite: flags.contains { $0.elementsEqual("WRITE".utf8) })
    }

    /// `ring 0000000011cab2e4, req 00000000c7a7d835, user_data 0x0, opcode WRITE_FIXED, flags 0x1, sq_thread 0`; in older
    /// kernels the operation is a number, and its name `op`. In other words it is of no use, and no loss.
    private func uringSubmit(_ text: inout Scanner) -> KernelEvent.Body? {
        guard text.skip("ring ") else { return nil }
        guard text.skip(through: " op") else { return .uringSubmit(isWrite: nil) }
        _ = text.skip("code")
        guard text.skip(byte: UInt8(ascii: " ")) else { return .uringSubmit(isWrite: nil) }
        if let number = text.decimal() { return .uringSubmit(isWrite: UringOperation.isWrite(number: number)) }
        return .uringSubmit(isWrite: UringOperation.isWrite(name: text.word(until: UInt8(ascii: ","))))
    }

    /// `dev 259,5 blocks 8, rsv_blocks 0, revoke_creds 8, type 3, ino 12, caller ext4_iomap_begin+0x1c2/0x2f0 [ext4]`
    private func fileChange(_ text: inout Scanner) -> KernelEvent.Body? {
        guard text.skip("dev "), let device = text.device(), text.skip(through: " ino "),
            let inode = text.decimal(), text.skip(through: " caller ")
        else { return nil }
        return .fileChange(
            FileChange(device: device, inode: inode, caller: table.intern(Self.bare(text.word())), table))
    }

    private func device(_ text: inout Scanner) -> UInt32? {
        text.skip("dev ") ? text.device(UInt8(ascii: ":")) : nil
    }

    /// `259,1 WS 4096 () 296056 + 8 be,0,4 [fio]`; without the bytes, and without the command, in other events. The
    /// command in the parentheses is of hexadecimal bytes.
    private func block(_ text: inout Scanner) -> BlockRange? {
        guard let device = text.device(), text.skip(byte: UInt8(ascii: " ")) else { return nil }
        let kind = text.word()
        text.skipSpaces()
        var sector = text.byte == UInt8(ascii: "(") ? 0 : text.decimal()
        text.skipSpaces()
        if text.skip(byte: UInt8(ascii: "(")) {
            guard text.skip(through: ") ") else { return nil }
            sector = text.decimal()
            text.skipSpaces()
        }
        guard let sector, text.skip("+ "), let sectors = text.decimal() else { return nil }
        return BlockRange(
            device: device, sector: sector, sectors: UInt32(truncatingIfNeeded: sectors), letters: kind)
    }

    /// The same, and behind it how it ended: `be,0,4 [-5]`.
    private func completedBlock(_ text: inout Scanner) -> BlockRange? {
        var block = block(&text)
        block?.takeError(&text)
        return block
    }

    /// `259,0 WS 498455480 + 8 <- (259,5) 263096`
    private func remap(_ text: inout Scanner) -> KernelEvent.Body? {
        guard let block = block(&text), let source = BlockSource(&text) else { return nil }
        return .bioRemap(block, from: source)
    }

    /// `work struct=0000000094a6347c function=f ...` or `work struct 0000000094a6347c: function f`
    private mutating func work(_ text: inout Scanner) -> Work? {
        guard text.skip("work struct") else { return nil }
        text.skip(1)
        // `(ptrval)`, `(____ptrval____)`: before there is randomness to hash addresses with.
        let isHidden = text.byte == UInt8(ascii: "(")
        guard let address = isHidden ? (text.skip(through: ")") ? 0 : nil) : text.hexadecimal() else { return nil }
        _ = text.skip(byte: UInt8(ascii: ":"))
        guard text.skip(" function") else { return Work(address: address, function: .other, name: .unknown) }
        text.skip(1)
        return work(at: address, of: text.word())
    }

    mutating func work(at address: UInt64, of spelled: UnsafeRawBufferPointer) -> Work {
        let name = Self.bare(spelled)
        guard !name.starts(with: "0x".utf8) else {
            unnamed &+= 1
            return Work(address: address, function: .other, name: .unknown)
        }
        named &+= 1
        let id = table.intern(name)
        return Work(address: address, function: function(id), name: id)
    }

    func intern(_ name: UnsafeRawBufferPointer) -> NameID { table.intern(name) }

    /// Without an offset, the arguments behind it, or what quotes the line.
    @inline(__always)
    private static func bare(_ function: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let end = function.firstIndex(where: { !isOfName($0) }) else { return function }
        return UnsafeRawBufferPointer(rebasing: function[..<end])
    }

    /// Letters, digits, `_`, and the `.` of what a compiler makes of a function.
    @inline(__always)
    private static func isOfName(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || isDigit(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ".")
    }

    /// `prev_comm=a prev_pid=1 prev_prio=120 prev_state=R ==> next_comm=b next_pid=2 next_prio=120`, or as trace-cmd's
    /// plugin writes it, `a:1 [120] R ==> b:2 [120]`. The names may hold anything; the numbers behind them are sought
    /// from the right.
    private func taskSwitch(_ text: inout Scanner, _ thread: UInt32) -> TaskSwitch? {
        let isPlain = text.skip("prev_comm=")
        var before = text
        guard before.cut(atLast: " ==> "), text.skip(before.count + 5) == () else { return nil }
        var state = before
        guard isPlain ? state.skip(through: " prev_state=") : state.skip(through: "] ") else { return nil }
        while state.skip(through: isPlain ? " prev_state=" : "] ") {}
        if isPlain { guard text.skip("next_comm="), text.cut(atLast: " next_prio=") else { return nil } }
        if !isPlain { guard text.cut(atLast: " [") else { return nil } }
        var name = text
        guard isPlain ? name.cut(atLast: " next_pid=") : name.cut(atLast: ":") else { return nil }
        text.skip(name.count + (isPlain ? 10 : 1))
        guard let next = text.decimal() else { return nil }
        return TaskSwitch(
            previous: thread, previousIsRunnable: state.byte == UInt8(ascii: "R"),
            next: UInt32(truncatingIfNeeded: next), nextName: table.intern(name.rest))
    }

    /// `iomap_dio_bio_end_io <-- bio_endio`, or with `<-`; with the options func-args and sym-offset
    /// `iomap_dio_bio_end_io(bio=0xffff88810a1b2c00)`, `iomap_dio_bio_end_io+0x0/0x170`.
    private mutating func functionTrace(_ text: inout Scanner) -> KernelEvent.Body? {
        let function = function(table.intern(Self.bare(text.word())))
        return function == .other ? nil : .function(function, .none)
    }

    private mutating func function(_ id: NameID) -> KernelFunction {
        let index = Int(id.number)
        if index < functions.count, let known = functions[index] { return known }
        let missing = max(index + 1 - functions.count, 0)
        functions += [KernelFunction?](repeating: nil, count: missing)
        let function = KernelFunction.named(table.name(id))
        functions[index] = function
        return function
    }

    /// A kprobe event: `(function+0x4/0x170) name=value ...`, of a return `(caller+0x1b/0x30 <- function) ...`; perf
    /// prints bare addresses in the parentheses, then the event's name has to do.
    @inline(__always)
    mutating func probe(_ name: UnsafeRawBufferPointer, _ text: inout Scanner) -> KernelEvent.Body? {
        if text.byte == UInt8(ascii: "_") { return rawProbe(name, &text) }
        guard text.byte == UInt8(ascii: "(") else { return nil }
        return placedProbe(name, &text)
    }

    /// `__probe_ip=ffffffffa534f640 iocb=...`, of a return `__probe_func=... __probe_ret_ip=...`: raw fields.
    private mutating func rawProbe(_ name: UnsafeRawBufferPointer, _ text: inout Scanner) -> KernelEvent.Body? {
        let returns = text.skip("__probe_func=")
        guard returns || text.skip("__probe_ip=") else { return nil }
        let function = KernelFunction.named(probeEvent: String(decoding: name, as: UTF8.self))
        guard function != .other else { return nil }
        // The address itself.
        _ = text.word()
        let call = calls.add(arguments(&text))
        return returns ? .functionReturn(function, call) : .function(function, call)
    }

    private mutating func placedProbe(_ name: UnsafeRawBufferPointer, _ text: inout Scanner) -> KernelEvent.Body? {
        text.skip(1)
        let place = text.word(until: UInt8(ascii: ")"))
        text.skip(1)
        guard let base = place.bindMemory(to: UInt8.self).baseAddress else { return nil }
        var inside = Scanner(base, base + place.count)
        let returns = inside.skip(through: "<- ")
        if !returns { inside = Scanner(base, base + place.count) }
        var function = function(table.intern(inside.word(until: UInt8(ascii: "+"))))
        if function == .other { function = .named(probeEvent: String(decoding: name, as: UTF8.self)) }
        guard function != .other else { return nil }
        let call = calls.add(arguments(&text))
        return returns ? .functionReturn(function, call) : .function(function, call)
    }

    private mutating func arguments(_ text: inout Scanner) -> ProbeArguments {
        var values = ProbeArguments()
        while true {
            text.skipSpaces()
            guard !text.isAtEnd else { return values }
            let name = text.word(until: UInt8(ascii: "="))
            text.skip(1)
            var word = text
            let value = text.word()
            guard let field = fields.field(named: name) else { continue }
            if field == .issuer {
                values[field] = value.elementsEqual("0x0".utf8) || value.elementsEqual("0".utf8) ? 0 : 1
                // With an offset, e.g. `aio_complete_rw+0x0/0x100`, or without one.
                let symbol = UnsafeRawBufferPointer(rebasing: value.prefix { $0 != UInt8(ascii: "+") })
                values.issuer = self.function(table.intern(symbol))
            } else if let number = word.number() {
                values[field] = number
                if field == .ioFlags { values.flags = flagBits.flags(UInt32(truncatingIfNeeded: number)) }
            }
        }
    }
}

extension FileChange {
    /// - Parameter caller: the function that begins to change it.
    init(device: UInt32, inode: UInt64, caller: NameID, _ names: NameTable) {
        let marksWritten = names.name(caller).hasPrefix("ext4_convert_unwritten")
        self.init(device: device, inode: inode, marksWritten: marksWritten, name: caller)
    }
}

extension BlockSource {
    /// ` <- (259,5) 263096`
    init?(_ text: inout Scanner) {
        guard text.skip(through: "<- ("), let device = text.device(), text.skip(") "), let sector = text.decimal()
        else { return nil }
        self.init(device: device, sector: sector)
    }
}

extension BlockRange {
    /// How it ended, which stands last in brackets: ` [-5]`.
    mutating func takeError(_ text: inout Scanner) {
        guard text.skip(through: "["), let error = text.signedDecimal() else { return }
        setError(error)
    }

    /// - Parameter error: a negative errno; anything else is none.
    mutating func setError(_ error: some BinaryInteger) { self.error = Int16(clamping: min(0, error)) }
}
