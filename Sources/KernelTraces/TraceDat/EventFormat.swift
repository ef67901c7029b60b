// SPDX-License-Identifier: GPL-2.0-only

/// The layout of an event's records, as the kernel's `format` file gives it.
struct EventFormat {
    struct Field {
        var name: String
        var offset: Int
        var size: Int
        var isSigned: Bool
        /// A string elsewhere in the record: low half its offset, high half its length.
        var isDynamic: Bool
    }

    var name = ""
    var id = 0
    var fields: [Field] = []
    var print = ""

    /// `nil` when it has no name or number.
    init?(_ text: Substring) {
        for line in text.split(separator: "\n") {
            if let value = Self.value(of: "name: ", in: line) {
                name = String(value)
            } else if let value = Self.value(of: "ID: ", in: line) {
                guard let number = Int(value), (0..<(1 << 16)).contains(number) else { return nil }
                id = number
            } else if let value = Self.value(of: "print fmt: ", in: line) {
                print = String(value)
            } else if let field = Self.field(line) {
                fields.append(field)
            }
        }
        if name.isEmpty || id == 0 { return nil }
    }

    subscript(name: String) -> Field? { fields.first { $0.name == name } }

    /// `	field:char rwbs[8];	offset:34;	size:8;	signed:0;`
    static func field(_ line: Substring) -> Field? {
        let parts = line.split(separator: ";").map { $0.drop { $0 == "\t" || $0 == " " } }
        guard parts.count >= 3,
            let declaration = value(of: "field:", in: parts[0]) ?? value(of: "field: ", in: parts[0]),
            let offset = value(of: "offset:", in: parts[1]).flatMap({ Int($0) }),
            let size = value(of: "size:", in: parts[2]).flatMap({ Int($0) }),
            (0...(1 << 20)).contains(offset), (0...(1 << 20)).contains(size)
        else { return nil }
        let isSigned = parts.count > 3 && parts[3] == "signed:1"
        let spelled = declaration.split(separator: " ").last ?? declaration
        let name = spelled.prefix { $0 != "[" }.drop { $0 == "*" }
        return Field(
            name: String(name), offset: offset, size: size, isSigned: isSigned,
            isDynamic: declaration.contains("__data_loc"))
    }

    private static func value(of key: String, in line: Substring) -> Substring? {
        line.hasPrefix(key) ? line.dropFirst(key.count) : nil
    }

    /// The bit that the print format gives this name: `{ (1 << 23), "AIO_RW" }`.
    func bit(named flag: String) -> UInt32? {
        guard let end = print.firstRange(of: "), \"\(flag)\"")?.lowerBound, let open = print[..<end].lastIndex(of: "(")
        else {
            return nil
        }
        let shift = print[print.index(after: open)..<end]
        guard shift.hasPrefix("1 << "), let bit = UInt32(shift.dropFirst(5)), bit < 32 else { return nil }
        return 1 << bit
    }
}
