// Stream sockets: the one that a web server handed over to take connections from, and each connection.

import CLibc

/// A socket that takes connections, as FastCGI's specification (§2.2) hands it over: on descriptor 0.
package struct ListeningSocket {
    private let number: Int32

    /// The one on descriptor 0; nil if that is anything else.
    package static var onStandardInput: ListeningSocket? {
        libc_is_listening(STDIN_FILENO) != 0 ? ListeningSocket(number: STDIN_FILENO) : nil
    }

    /// What `wait` found.
    package enum Event: Equatable {
        /// The process was told to stop.
        case stop
        /// The connection of this index has something to read, or was ended.
        case connection(Int)
        /// Somebody connects.
        case newcomer
        /// Nothing, in the time that was given.
        case nothing
    }

    /// From now on the process hears SIGTERM, SIGINT and SIGUSR1 in `wait` alone: what it does meanwhile it ends.
    package func hearStopSignals() -> StopSignals {
        libc_fill_standard_descriptors()
        // Processes that share the socket may all see one newcomer.
        libc_set_nonblocking(number)
        return StopSignals(number: libc_stop_descriptor())
    }

    /// Waits until one of these has something: `stop`, `connections`, this; the first of them in this order, or in that in
    /// which this precedes them. For as long as `limit` says, or for ever.
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

    /// The connection that waits; nil if another process has it, or it is gone.
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

/// The signals that tell a process to stop.
package struct StopSignals {
    fileprivate let number: Int32
}

/// One connection; closed with the value.
package final class Socket {
    let number: Int32

    /// Takes `number` over; it must not block.
    package init(owning number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Its descriptor, which is open for as long as this `Socket` lives.
    package var descriptor: Descriptor { Descriptor(number) }

    /// Two that are connected with each other, for a test.
    package static func pair() throws(SystemError) -> (Socket, Socket) {
        var ends: (Int32, Int32) = (0, 0)
        let code = withUnsafeMutableBytes(of: &ends) {
            libc_stream_pair($0.baseAddress!.assumingMemoryBound(to: Int32.self))
        }
        guard code == 0 else { throw SystemError("socketpair") }
        return (Socket(owning: ends.0), Socket(owning: ends.1))
    }

    /// Reads what is there into `buffer`, and waits for it for at most `timeout`: how many bytes, 0 at the end; nil if
    /// nothing came.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, timeout: Duration
    ) throws(SystemError) -> Int? {
        while true {
            let count = CLibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard try waits(for: POLLIN, timeout, after: "read") else { return nil }
        }
    }

    /// Writes all of `bytes`: in one call, unless the system takes only a part; `timeout` is for each.
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

    /// After a call that failed: throws, unless it would only have had to wait. Then it waits; false if in vain.
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
