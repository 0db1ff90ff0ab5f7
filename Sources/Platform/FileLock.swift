// Locks on files: of a whole file, queued or immediate, and of one of several slots in it.

import CLibc

/// A lock on a file between processes. The kernel releases it when the holder ends, however it ends.
package final class FileLock {
    private let descriptor: Int32

    /// Waits for the lock on the file `path`, which is created if needed.
    package init(waitingFor path: String) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard libc_errno() == EINTR else { throw SystemError("flock", path) }
        }
    }

    /// Queues for the lock on the file `path`, which is created if needed; nil if that takes longer than `limit`,
    /// milliseconds.
    package init?(inTurnFor path: String, atMost limit: Duration) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        switch libc_lock_in_turn(descriptor, Int(limit.milliseconds)) {
        case 1: return
        case 0: return nil
        default: throw SystemError("flock", path)
        }
    }

    /// Waits for the lock on the folder `path`; nil if that takes longer than `limit`, milliseconds.
    package init?(onFolder path: String, atMost limit: Duration) throws(SystemError) {
        descriptor = libc_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        switch libc_lock_in_turn(descriptor, Int(limit.milliseconds)) {
        case 1: return
        case 0: return nil
        default: throw SystemError("flock", path)
        }
    }

    /// Takes the lock on the file `path`; nil if another holds it.
    package init?(trying path: String) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        // deinit closes the descriptor, even after a failure here.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }
}

/// One of several slots between processes. The kernel releases it when the holder ends, however it ends.
package final class SlotLock {
    private let descriptor: Int32

    /// Takes one of `slots` slots in the file `path`, which is created if needed: each is a lock on one byte, the
    /// first on the byte `offset`. Waits for at most `limit`; nil if none becomes free.
    package init?(
        waitingFor path: String, slots: Int, from offset: Int = 0, atMost limit: Duration
    ) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        let deadline = Uptime.now + limit
        // Processes begin at different slots, and retry at different times.
        let chance = Int(Random.bytes(1)[0])
        while true {
            for slot in 0..<slots {
                if libc_lock_byte(descriptor, offset + (slot + chance) % slots) == 0 { return }
                let number = libc_errno()
                guard number == EAGAIN || number == EACCES || number == EINTR else {
                    throw SystemError("fcntl", path, number: number)
                }
            }
            guard Uptime.now < deadline else { return nil }
            Command.sleep(Duration(milliseconds: 3 + Int64(chance % 5)))
        }
    }

    deinit {
        close(descriptor)
    }
}
