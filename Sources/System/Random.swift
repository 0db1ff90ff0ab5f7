// The kernel's random numbers.

import CLibc

/// The kernel's CSPRNG.
package enum Random {
    /// `count` unpredictable bytes. The process ends if the kernel has none to give: no secret
    /// may be made without them.
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { fill($0) }
        return bytes
    }

    /// Fills `buffer` with unpredictable bytes; ends the process as `bytes` does.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var done = 0
        while done < buffer.count {
            let count = getrandom(buffer.baseAddress! + done, buffer.count - done, 0)
            if count > 0 {
                done += count
            } else if libc_errno() != EINTR {
                fatalError("getrandom failed")
            }
        }
    }
}
