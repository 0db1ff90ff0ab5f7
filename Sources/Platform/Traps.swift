// A trap (an overflow, an index out of range, a bad access) must still answer the client.
//
// Swift gives no way to catch one, so the whole answer is laid ready before any work
// begins, and the signal handler does nothing but write it and leave.

import CLibc

/// The process's signals.
package enum Signals {
    /// From now on a trap writes the answer that `layReady` laid ready, and ends the process with status 1, or replaces it
    /// where `Succession` is prepared. Signals
    /// that would end a process that only writes to a closed pipe (SIGPIPE) or past a size limit (SIGXFSZ) are
    /// ignored: the call that caused them fails instead.
    package static func answerTraps() {
        ignoreWriteSignals()
        let stackSize = 16384
        libc_use_alternate_stack(
            UnsafeMutableRawPointer.allocate(byteCount: stackSize, alignment: 16), stackSize)
        libc_on_signal(SIGILL, writeReadyAnswer)
        libc_on_signal(SIGTRAP, writeReadyAnswer)
        libc_on_signal(SIGSEGV, writeReadyAnswer)
        libc_on_signal(SIGBUS, writeReadyAnswer)
        libc_on_signal(SIGFPE, writeReadyAnswer)
        libc_on_signal(SIGABRT, writeReadyAnswer)
    }

    /// `answer` is what a trap writes to `output` from now on; a copy is kept until the next one.
    package static func layReady(_ answer: [UInt8], on output: Descriptor) {
        readyCount = 0
        if answer.count > readyCapacity {
            readyAnswer?.deallocate()
            readyAnswer = .allocate(capacity: answer.count)
            readyCapacity = answer.count
        }
        // A loop of Swift's would take five instructions a byte.
        if let ready = readyAnswer { memcpy(ready, answer, answer.count) }
        readyOutput = output.number
        readyCount = answer.count
    }

    /// The answer has begun: a trap after this ends the process and writes nothing.
    package static func forgetTrapAnswer() {
        readyCount = 0
    }

    /// Makes a write to a closed pipe, or past a size limit, fail instead of ending the process.
    package static func ignoreWriteSignals() {
        libc_ignore_signal(SIGPIPE)
        libc_ignore_signal(SIGXFSZ)
    }

    /// Programs that this process starts and leaves behind are nobody's to wait for.
    package static func forgetChildren() {
        libc_ignore_signal(SIGCHLD)
    }

    /// From now on no signal leaves the process's memory, which holds keys and codes, in a core file, and no other process
    /// of the same user can read it.
    package static func leaveNoCore() {
        libc_leave_no_core()
    }

    /// From now on a fault ends the process and nothing more. Where a Swift toolchain is installed, the runtime of ordinary
    /// Swift would print registers and the memory that they point to.
    package static func endByFaults() {
        libc_end_by_faults()
    }

    /// Ends the process at once, with nothing run or flushed on the way.
    package static func exit(_ code: Int32) -> Never {
        _exit(code)
    }
}

nonisolated(unsafe) private var readyAnswer: UnsafeMutablePointer<UInt8>? = nil
nonisolated(unsafe) private var readyCapacity = 0
nonisolated(unsafe) private var readyCount = 0
nonisolated(unsafe) private var readyOutput: Int32 = -1

private func writeReadyAnswer(_ signal: Int32) {
    if readyCount > 0, let answer = readyAnswer {
        _ = write(readyOutput, answer, readyCount)
    }
    Succession.replaceProcess()
    _exit(1)
}
