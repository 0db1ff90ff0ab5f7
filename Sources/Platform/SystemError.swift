// What a failed system call tells: which call, on what, and the error number.

import CLibc

/// A system call that failed. It carries what a log line needs and no more.
package struct SystemError: Error {
    /// The call's name, as in section 2 of the manual.
    package let call: StaticString
    /// The path or name it was given; empty if it takes none.
    package let subject: String
    /// `errno`.
    package let number: Int32

    init(_ call: StaticString, _ subject: String = "", number: Int32 = libc_errno()) {
        self.call = call
        self.subject = subject
        self.number = number
    }

    /// Whether nothing has that name (ENOENT, ENOTDIR).
    package var isAbsent: Bool { number == ENOENT || number == ENOTDIR }

    /// Whether something has that name already (EEXIST).
    package var isTaken: Bool { number == EEXIST }

    /// Whether it may work later: no space, no quota, no memory, no descriptors, a file system that is read-only.
    package var isTemporary: Bool {
        switch number {
        case ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE, EAGAIN, EINTR, EROFS: true
        default: false
        }
    }

    /// One line for a log: `open /x: No such file or directory`.
    package var description: String {
        if number == EILSEQ { return "\(subject): not UTF-8" }
        let subject = subject.isEmpty ? "" : " \(subject)"
        return "\(call)\(subject): \(String(cString: strerror(number)))"
    }
}

extension SystemError {
    /// A file that was read and does not hold what it should.
    package static func damaged(_ path: String) -> SystemError {
        SystemError("read", path, number: EBADMSG)
    }

    /// A file that was read and is no text in UTF-8.
    package static func notUTF8(_ path: String) -> SystemError {
        SystemError("read", path, number: EILSEQ)
    }

    /// A file system that has too little space left.
    package static func full(_ path: String) -> SystemError {
        SystemError("write", path, number: ENOSPC)
    }

    /// A file that others than its owner could have written.
    package static func untrusted(_ path: String) -> SystemError {
        SystemError("trust", path, number: EPERM)
    }
}
