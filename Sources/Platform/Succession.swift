// Replaces a long-lived process by a new instance of itself: between two requests, when it has answered the maximum, and
// in a trap, so that a fault costs one request and no other connection.
//
// 1. A signal handler may neither allocate nor lock, so everything that the replacement needs is prepared before each
//    request: its path, its environment, and its descriptors.
// 2. The replacement keeps the process id, so that the server that started it sees no change.
// 3. A trap outside a request ends the process: a program that traps at its start must not restart forever.

import CLibc

/// Replaces this process by a new one of the same program.
package enum Succession {
    /// A connection that the new process continues.
    package struct Connection {
        /// Its socket, whose descriptor stays open in the new process.
        package let socket: Socket
        /// Whether it has had no request yet.
        package let isNew: Bool
        /// The bytes read of an incomplete request; empty if there is none.
        package let received: [UInt8]

        /// The connection on `socket`; `received` are the bytes read of an incomplete request.
        package init(socket: Socket, isNew: Bool, received: [UInt8] = []) {
            self.socket = socket
            self.isNew = isNew
            self.received = received
        }
    }

    /// The variable that lists the connections' descriptors: numbers separated by spaces, `new` before one without a
    /// request, and `=` before the number of the file with the received bytes.
    private static let variable = "FASTCGI_KEPT_CONNECTIONS"

    /// The most bytes of that variable's text.
    private static let textCapacity = 2048
    /// The most descriptors: more than any process keeps.
    private static let descriptorCapacity = 128

    /// Sets `executable` as the replacement. Call it once, before `prepare`.
    package static func name(_ executable: String) {
        succession = Prepared(executable, textCapacity: textCapacity, descriptorCapacity: descriptorCapacity)
    }

    /// Until `forget`, a trap starts a new process that continues `connections`.
    package static func prepare(_ connections: [Connection]) {
        guard let prepared = succession else { return }
        forget()
        var text = "\(variable)="
        var received: [UInt8] = []
        for connection in connections.prefix(descriptorCapacity - 1) {
            text += "\(connection.isNew ? "new" : "")\(connection.socket.number) "
            prepared.add(connection.socket.number)
            guard !connection.received.isEmpty else { continue }
            received += bytes(of: UInt32(connection.socket.number)) + bytes(of: UInt32(connection.received.count))
            received += connection.received
        }
        if !received.isEmpty, let file = file(with: received) {
            text += "=\(file) "
            prepared.add(file)
            prepared.received = file
        }
        prepared.set(text)
        prepared.isReady = true
    }

    /// From now on a trap ends the process.
    package static func forget() {
        guard let prepared = succession else { return }
        prepared.isReady = false
        prepared.count = 0
        if prepared.received >= 0 { close(prepared.received) }
        prepared.received = -1
    }

    /// Replaces this process by a new one that continues `connections`. If that cannot start, the process exits with 0.
    package static func begin(_ connections: [Connection]) -> Never {
        prepare(connections)
        replaceProcess()
        _exit(0)
    }

    /// Replaces this process, if prepared. Safe in a signal handler.
    static func replaceProcess() {
        guard let prepared = succession, prepared.isReady else { return }
        for index in 0..<prepared.count { _ = libc_set_inherited(prepared.descriptors[index], 1) }
        execve(prepared.path, prepared.arguments, prepared.environment)
    }

    /// The connections from the previous process, including those that were closed meanwhile.
    package static func connections() -> [Connection] {
        guard let text = Environment.value(variable) else { return [] }
        unsetenv(variable)
        var found: [(number: Int32, isNew: Bool)] = []
        var received: [UInt8] = []
        for word in text.utf8.split(separator: 0x20) {
            if word.first == UInt8(ascii: "=") {
                received += contents(ofFile: Int32(Substring(word.dropFirst())))
                continue
            }
            let isNew = word.starts(with: "new".utf8)
            guard let number = Int32(Substring(isNew ? word.dropFirst(3) : word)), number > STDERR_FILENO,
                !found.contains(where: { $0.number == number }), libc_is_stream(number) != 0,
                libc_set_inherited(number, 0) == 0
            else { continue }
            found.append((number, isNew))
        }
        return found.map { entry in
            Connection(
                socket: Socket(owning: entry.number), isNew: entry.isNew, received: part(of: entry.number, in: received))
        }
    }

    /// The bytes for the connection `number` in `received`, a file's contents.
    private static func part(of number: Int32, in received: [UInt8]) -> [UInt8] {
        var index = 0
        while received.count - index >= 8 {
            let owner = integer(at: index, of: received)
            let count = Int(integer(at: index + 4, of: received))
            guard count <= received.count - index - 8 else { return [] }
            if owner == UInt32(bitPattern: number) { return Array(received[index + 8..<index + 8 + count]) }
            index += 8 + count
        }
        return []
    }

    private static func bytes(of number: UInt32) -> [UInt8] {
        [UInt8(number >> 24 & 255), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
    }

    private static func integer(at index: Int, of bytes: [UInt8]) -> UInt32 {
        bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// An unnamed file with `bytes`; nil on failure: then a trap loses those requests.
    private static func file(with bytes: [UInt8]) -> Int32? {
        try? UnnamedFile.make("received", holding: bytes)
    }

    private static func contents(ofFile number: Int32?) -> [UInt8] {
        guard let number, number > STDERR_FILENO, libc_set_inherited(number, 0) == 0 else { return [] }
        defer { close(number) }
        // Enough for several requests of the largest size.
        return (try? Descriptor(number).read(upTo: 64 << 20)) ?? []
    }
}

/// What a signal handler needs, in memory that never moves.
private final class Prepared {
    let path: UnsafeMutablePointer<CChar>
    let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let descriptors: UnsafeMutablePointer<Int32>
    private let text: UnsafeMutablePointer<CChar>
    private let textCapacity: Int
    private let descriptorCapacity: Int
    var count = 0
    /// The file with the received bytes; -1 for none.
    var received: Int32 = -1
    var isReady = false

    init(_ executable: String, textCapacity: Int, descriptorCapacity: Int) {
        path = strdup(executable)
        arguments = .allocate(capacity: 2)
        arguments[0] = path
        arguments[1] = nil
        self.textCapacity = textCapacity
        self.descriptorCapacity = descriptorCapacity
        text = .allocate(capacity: textCapacity)
        text[0] = 0
        descriptors = .allocate(capacity: descriptorCapacity)
        var entries: [UnsafeMutablePointer<CChar>?] = []
        if var entry = libc_environ() {
            while let variable = entry.pointee {
                entries.append(variable)
                entry += 1
            }
        }
        environment = .allocate(capacity: entries.count + 2)
        for (index, entry) in entries.enumerated() { environment[index] = entry }
        environment[entries.count] = text
        environment[entries.count + 1] = nil
    }

    func add(_ descriptor: Int32) {
        guard count < descriptorCapacity else { return }
        descriptors[count] = descriptor
        count += 1
    }

    /// A text that is too long passes no connections.
    func set(_ words: String) {
        var words = words
        words.withUTF8 { bytes in
            let count = bytes.count < textCapacity ? bytes.count : 0
            if count > 0 { memcpy(text, bytes.baseAddress!, count) }
            text[count] = 0
        }
    }
}

nonisolated(unsafe) private var succession: Prepared? = nil
