// Stream sockets: the listening socket that a web server passes, and each connection.

import CLibc

/// A socket that accepts connections, as FastCGI's specification (§2.2) passes it: on descriptor 0.
package struct ListeningSocket {
    private let number: Int32

    /// The one on descriptor 0; nil if that is something else.
    package static var onStandardInput: ListeningSocket? {
        libc_is_listening(STDIN_FILENO) != 0 ? ListeningSocket(number: STDIN_FILENO) : nil
    }

    /// The result of `wait`.
    package enum Event: Equatable {
        /// A signal told the process to stop.
        case stop
        /// The connection of this index has something to read, or has ended.
        case connection(Int)
        /// A client connects.
        case newcomer
        /// Nothing within the time limit.
        case nothing
    }

    /// From now on the process notices SIGTERM, SIGINT and SIGUSR1 only in `wait`: it finishes what it is doing.
    package func hearStopSignals() -> StopSignals {
        libc_fill_standard_descriptors()
        // Several processes that share the socket may see the same newcomer.
        libc_set_nonblocking(number)
        return StopSignals(number: libc_stop_descriptor())
    }

    /// Waits until one of these is ready: `stop`, `connections`, this. Returns the first in this order, or with this
    /// before `connections` if it takes precedence. Waits for `limit`, or forever.
    package func wait(
        _ stop: StopSignals?, _ connections: [Socket], prefersNewcomers: Bool = false, atMost limit: Duration?
    ) -> Event {
        withUnsafeTemporaryAllocation(of: pollfd.self, capacity: connections.count + 2) { entries in
            entries[0] = pollfd(fd: stop?.number ?? -1, events: Int16(POLLIN), revents: 0)
            entries[1] = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            for (index, connection) in connections.enumerated() {
                entries[index + 2] = pollfd(fd: connection.number, events: Int16(POLLIN), revents: 0)
            }
            let milliseconds = limit.map { Int32(clamping: $0.milliseconds) } ?? -1
            while poll(entries.baseAddress, nfds_t(entries.count), milliseconds) < 0 {
                guard libc_errno() == EINTR else { return .stop }
            }
            if entries[0].revents != 0 { return .stop }
            if prefersNewcomers, entries[1].revents != 0 { return .newcomer }
            for index in connections.indices where entries[index + 2].revents != 0 { return .connection(index) }
            return entries[1].revents != 0 ? .newcomer : .nothing
        }
    }

    /// The waiting connection; nil if another process took it, or it is gone.
    package func accept() throws(SystemError) -> Socket? {
        let connection = libc_accept(number)
        guard connection < 0 else { return Socket(owning: connection) }
        let number = libc_errno()
        guard number == EAGAIN || number == ECONNABORTED || number == EINTR else {
            throw SystemError("accept", "a connection", number: number)
        }
        return nil
    }
}

/// The signals that stop a process.
package struct StopSignals {
    fileprivate let number: Int32
}

/// One connection. It closes when the value is released.
package final class Socket {
    let number: Int32

    /// Takes ownership of `number`, which must be non-blocking.
    package init(owning number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Its descriptor, which is open as long as this `Socket` lives.
    package var descriptor: Descriptor { Descriptor(number) }

    /// Two connected sockets, for a test.
    package static func pair() throws(SystemError) -> (Socket, Socket) {
        var ends: (Int32, Int32) = (0, 0)
        let code = withUnsafeMutableBytes(of: &ends) {
            libc_stream_pair($0.baseAddress!.assumingMemoryBound(to: Int32.self))
        }
        guard code == 0 else { throw SystemError("socketpair") }
        return (Socket(owning: ends.0), Socket(owning: ends.1))
    }

    /// Reads the available bytes into `buffer`, and waits for them for at most `timeout`. Returns how many, 0 at the end;
    /// nil if nothing came.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, timeout: Duration
    ) throws(SystemError) -> Int? {
        while true {
            let count = CLibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard try waits(for: POLLIN, timeout, after: "read") else { return nil }
        }
    }

    /// Writes all of `bytes`: in one call, unless the system accepts only a part; `timeout` applies to each call.
    package func write(_ bytes: [UInt8], timeout: Duration) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBufferPointer {
                CLibc.write(number, $0.baseAddress! + done, $0.count - done)
            }
            if count < 0 {
                guard try waits(for: POLLOUT, timeout, after: "write") else {
                    throw SystemError("write", number: ETIMEDOUT)
                }
            } else {
                done += count
            }
        }
    }

    /// After a failed call: throws, unless the call would only have blocked. Then it waits; false on timeout.
    private func waits(
        for event: Int32, _ timeout: Duration, after call: StaticString
    ) throws(SystemError) -> Bool {
        let error = libc_errno()
        if error == EINTR { return true }
        guard error == EAGAIN else { throw SystemError(call, number: error) }
        var entry = pollfd(fd: number, events: Int16(event), revents: 0)
        let deadline = Uptime.now + timeout
        while true {
            let left = max(0, deadline.milliseconds - Uptime.now.milliseconds)
            let count = poll(&entry, 1, Int32(clamping: left))
            if count >= 0 { return count > 0 }
            guard libc_errno() == EINTR else { throw SystemError("poll") }
        }
    }
}
