// SPDX-License-Identifier: GPL-2.0-only

import Glibc
import Host

/// Answers `GET /metrics` on a Unix socket or on a loopback address, a few connections in each turn of the service's loop:
/// whoever asks slowly is cut off.
final class MetricsServer {
    private let listening: Int32
    /// Of a Unix socket.
    private let path: String?

    private static let mostInATurn = 4
    private static let patienceMicroseconds = 200_000
    private static let mostRequestBytes = 8192

    /// - Parameter address: `/run/dioscope/metrics.sock`, `metrics.sock`, `127.0.0.1:9464` or `[::1]:9464`.
    init(_ address: String) throws(Failure) {
        // A number alone is a port that lacks its address.
        let isName = !address.contains(":") && !address.allSatisfy(\.isNumber)
        if address.contains("/") || isName {
            path = address
            listening = try Self.listen(path: address)
        } else {
            path = nil
            listening = try Self.listen(loopback: address)
        }
    }

    deinit {
        close(listening)
        if let path { unlink(path) }
    }

    private static func listen(path: String) throws(Failure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(.usage, "--listen \(path): too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // What a service that was killed left behind; that of one that runs stays, and so does what is no socket.
        var there = stat()
        if lstat(path, &there) == 0 {
            guard there.st_mode & S_IFMT == S_IFSOCK else {
                throw Failure(
                    .cannotCreate, "--listen \(path): is there and is no socket; name another path, or remove it")
            }
            if isAlone(descriptor, &address) { unlink(path) }
        }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, Glibc.listen(descriptor, 16) == 0 else { throw failure(path) }
        chmod(path, 0o660)
        return descriptor
    }

    private static func isAlone(_ descriptor: Int32, _ address: inout sockaddr_un) -> Bool {
        let trial = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(trial) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(trial, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status != 0 && errno == ECONNREFUSED
    }

    private static func listen(loopback text: String) throws(Failure) -> Int32 {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Failure(
                .usage, "--listen \(text): a path, or a loopback address with a port as 127.0.0.1:9464",
                hint: "a path with a colon in it begins with ./")
        }
        let host = text[..<colon]
        let isSix = host == "[::1]"
        guard isSix || host == "localhost" || host.hasPrefix("127.") else {
            throw Failure(
                .usage, "--listen \(text): only loopback addresses, for there is no password",
                hint: "for other machines put a proxy in front of it, or use --textfile")
        }
        let family = isSix ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, host: isSix ? "::1" : host == "localhost" ? "127.0.0.1" : String(host), port, isSix),
            Glibc.listen(descriptor, 16) == 0
        else { throw failure(text) }
        return descriptor
    }

    private static func bind(_ descriptor: Int32, host: String, _ port: UInt16, _ isSix: Bool) -> Bool {
        func bound<Address>(_ address: inout Address) -> Bool {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
                }
            }
        }
        if isSix {
            var address = sockaddr_in6()
            (address.sin6_family, address.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
            return inet_pton(AF_INET6, host, &address.sin6_addr) == 1 && bound(&address)
        }
        var address = sockaddr_in()
        (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        return inet_pton(AF_INET, host, &address.sin_addr) == 1 && bound(&address)
    }

    private static func failure(_ address: String) -> Failure {
        Failure(.cannotCreate, "cannot listen on \(address): \(errorText())")
    }

    /// Answers whoever waits, and waits for nobody.
    /// - Parameter text: the page; `true`: as OpenMetrics.
    func answer(_ text: (Bool) -> String) {
        for _ in 0..<Self.mostInATurn {
            var waiting = pollfd(fd: listening, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 0) == 1 else { return }
            let connection = accept(listening, nil, nil)
            guard connection >= 0 else { return }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            var patience = timeval(tv_sec: 0, tv_usec: Self.patienceMicroseconds)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
            setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
            serve(connection, text)
            close(connection)
        }
    }

    private func serve(_ connection: Int32, _ text: (Bool) -> String) {
        guard let request = request(from: connection) else { return }
        let words = request.split(separator: "\r\n").first?.split(separator: " ") ?? []
        guard words.count == 3, words[0] == "GET" || words[0] == "HEAD" else {
            return send("405 Method Not Allowed", "text/plain", "GET /metrics\n", to: connection)
        }
        guard words[1] == "/metrics" || words[1].hasPrefix("/metrics?") else {
            return send("404 Not Found", "text/plain", "GET /metrics\n", to: connection)
        }
        let isOpen = request.lowercased().contains("application/openmetrics-text")
        let type =
            isOpen
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8"
        send("200 OK", type, text(isOpen), to: connection, withBody: words[0] == "GET")
    }

    private func request(from connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 2048)
        let end = HostClock.monotonic + UInt64(Self.patienceMicroseconds) * 1000
        while bytes.count < Self.mostRequestBytes, HostClock.monotonic < end {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            if text.contains("\r\n\r\n") { return text }
        }
        return nil
    }

    private func send(
        _ status: String, _ type: String, _ body: String, to connection: Int32, withBody: Bool = true
    ) {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        var rest = Array((head + (withBody ? body : "")).utf8)[...]
        let end = HostClock.monotonic + UInt64(Self.patienceMicroseconds) * 1000
        while !rest.isEmpty, HostClock.monotonic < end {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
