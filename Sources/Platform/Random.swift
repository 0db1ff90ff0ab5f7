// The kernel's random numbers.

import CLibc

/// The kernel's CSPRNG.
package enum Random {
    /// `count` unpredictable bytes. If the kernel cannot provide them the process ends: no secret may be made without
    /// them.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { fill($0) }
        return bytes
    }

    /// Fills `buffer` with unpredictable bytes; ends the process like `bytes`.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var done = 0
        while done < buffer.count {
            let count = getrandom(buffer.baseAddress! + done, buffer.count - done, 0)
            if count > 0 {
                done += count
            } else if libc_errno() == ENOSYS {
                return readDevice(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            } else if libc_errno() != EINTR {
                fatalError("getrandom failed")
            }
        }
    }

    /// Linux before 3.17 provides them only through a device.
    private static func readDevice(_ buffer: UnsafeMutableRawBufferPointer) {
        let device = libc_open("/dev/urandom", O_RDONLY, 0)
        guard device >= 0 else { fatalError("getrandom failed, and /dev/urandom does not exist") }
        defer { close(device) }
        guard let bytes = try? Descriptor(device).read(upTo: buffer.count), bytes.count == buffer.count else {
            fatalError("cannot read /dev/urandom")
        }
        buffer.copyBytes(from: bytes)
    }
}
