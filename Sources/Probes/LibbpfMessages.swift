// SPDX-License-Identifier: GPL-2.0-only

import CLibbpf
import Glibc
import Synchronization

/// libbpf's own messages, kept instead of printed: they are looked at when a step fails.
enum LibbpfMessages {
    private static let lines = Mutex<[String]>([])
    private static let echo = Atomic<Bool>(false)

    /// Takes libbpf's output over; `echo` also prints it to standard error.
    static func capture(echo isEchoed: Bool) {
        echo.store(isEchoed, ordering: .relaxed)
        libbpf_set_print { level, format, arguments in
            guard let format, let arguments, level != LIBBPF_DEBUG else { return 0 }
            // Large enough for the verifier's log, whose end says what it refused.
            var buffer = [CChar](repeating: 0, count: 1 << 18)
            vsnprintf(&buffer, buffer.count, format, arguments)
            let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if LibbpfMessages.echo.load(ordering: .relaxed) { write(STDERR_FILENO, text, text.utf8.count) }
            LibbpfMessages.lines.withLock { $0.append(text) }
            return 0
        }
    }

    static func forget() {
        lines.withLock { $0.removeAll() }
    }

    /// The program that the kernel refused to load: libbpf names it as `prog 'NAME': ...`.
    static var refusedProgram: String? {
        lines.withLock { lines in
            for line in lines where line.contains("failed to load") || line.contains("load failed") {
                let parts = line.split(separator: "'", omittingEmptySubsequences: false)
                if parts.count > 2, parts[0].hasSuffix("prog ") { return String(parts[1]) }
            }
            return nil
        }
    }

    static func contain(_ text: String) -> Bool {
        lines.withLock { $0.contains { $0.contains(text) } }
    }

    /// The last message, without its line end.
    static var last: String {
        lines.withLock { $0.last?.split(separator: "\n").first.map(String.init) ?? "" }
    }
}

/// What the C library calls an errno.
func errorText(_ number: Int32) -> String {
    String(cString: strerror(abs(number)))
}
