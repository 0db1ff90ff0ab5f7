// A failed system call: which call, on what, and the error number.

import CLibc

/// A system call that failed, with just what a log line needs.
package struct SystemError: Error {
    /// The call's name, as in section 2 of the manual.
    package let call: StaticString
    /// Its path or name; empty if it takes none.
    package let subject: String
    /// `errno`.
    package let number: Int32

    init(_ call: StaticString, _ subject: String = "", number: Int32 = libc_errno()) {
        self.call = call
        self.subject = subject
        self.number = number
    }

    /// Whether the name does not exist (ENOENT, ENOTDIR).
    package var isAbsent: Bool { number == ENOENT || number == ENOTDIR }

    /// Whether the name already exists (EEXIST).
    package var isTaken: Bool { number == EEXIST }

    /// Whether it may work later: no space, quota, memory or descriptors left, or a read-only file system.
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
    /// A file whose contents are wrong.
    package static func damaged(_ path: String) -> SystemError {
        SystemError("read", path, number: EBADMSG)
    }

    /// A file whose contents are not UTF-8.
    package static func notUTF8(_ path: String) -> SystemError {
        SystemError("read", path, number: EILSEQ)
    }

    /// A file system that has too little space left.
    package static func full(_ path: String) -> SystemError {
        SystemError("write", path, number: ENOSPC)
    }

    /// A file that someone other than its owner could have written.
    package static func untrusted(_ path: String) -> SystemError {
        SystemError("trust", path, number: EPERM)
    }
}
