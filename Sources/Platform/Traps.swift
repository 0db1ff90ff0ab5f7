// After a trap (an overflow, an index out of range, a bad access) the client must still get an answer.
//
// Swift cannot catch a trap, so the whole answer is prepared before any work begins, and the signal handler only writes it
// and exits.

import CLibc

/// The process's signals.
package enum Signals {
    /// From now on a trap writes the answer that `layReady` prepared, and ends the process with status 1, or replaces it if
    /// `Succession` is prepared. Ignores the signals that would end a process that only writes to a closed pipe (SIGPIPE)
    /// or past a size limit (SIGXFSZ): the call that caused them fails instead.
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

    /// From now on a trap writes `answer` to `output`; a copy is kept until the next call.
    package static func layReady(_ answer: [UInt8], on output: Descriptor) {
        readyCount = 0
        if answer.count > readyCapacity {
            readyAnswer?.deallocate()
            readyAnswer = .allocate(capacity: answer.count)
            readyCapacity = answer.count
        }
        // A Swift loop would take five instructions per byte.
        if let ready = readyAnswer { memcpy(ready, answer, answer.count) }
        readyOutput = output.number
        readyCount = answer.count
    }

    /// The answer has begun: from now on a trap ends the process and writes nothing.
    package static func forgetTrapAnswer() {
        readyCount = 0
    }

    /// Makes a write to a closed pipe, or past a size limit, fail instead of ending the process.
    package static func ignoreWriteSignals() {
        libc_ignore_signal(SIGPIPE)
        libc_ignore_signal(SIGXFSZ)
    }

    /// The process need not wait for the programs that it starts detached.
    package static func forgetChildren() {
        libc_ignore_signal(SIGCHLD)
    }

    /// From now on no signal writes the process's memory, which contains keys and codes, to a core file, and no other
    /// process of the same user can read it.
    package static func leaveNoCore() {
        libc_leave_no_core()
    }

    /// From now on a fault only ends the process. With an installed Swift toolchain, the ordinary Swift runtime would print
    /// registers and the memory that they point to.
    package static func endByFaults() {
        libc_end_by_faults()
    }

    /// Ends the process at once, without cleanup or flushing.
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
