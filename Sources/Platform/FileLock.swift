// Locks on files: of a whole file, in turn or at once, and of one of several places in it.

import CLibc

/// A lock on a file, shared by every process that asks for it; the kernel drops it when the
/// holder ends, however it ends.
package final class FileLock {
    private let descriptor: Int32

    /// Waits for the lock on the file `path`, which is made if need be.
    package init(waitingFor path: String) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard libc_errno() == EINTR else { throw SystemError("flock", path) }
        }
    }

    /// Waits for the lock on the file `path`, which is made if need be, behind all who came before; nil if that takes
    /// longer than `limit`, milliseconds.
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
        // deinit closes what was opened, also after a failure here.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }
}

/// One of a number of places, shared by every process that asks for one; the kernel frees it when the
/// holder ends, however it ends.
package final class SlotLock {
    private let descriptor: Int32

    /// Takes one of `slots` places on the file `path`, which is made if need be: each is a lock on
    /// one byte, the first on that of `offset`. Waits for at most `limit`; nil if none became free.
    package init?(
        waitingFor path: String, slots: Int, from offset: Int = 0, atMost limit: Duration
    ) throws(SystemError) {
        descriptor = libc_open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        let deadline = Uptime.now + limit
        // Not all begin at the same place, nor look again at the same time.
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
