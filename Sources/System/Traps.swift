// A trap (an overflow, an index out of range, a bad access) must still answer the client.
//
// Swift gives no way to catch one, so the whole answer is laid ready before any work
// begins, and the signal handler does nothing but write it and leave.

import CLibc

/// The process's signals.
package enum Signals {
    /// From now on a trap writes `answer` to standard output and ends the process with status 1.
    /// `answer` is kept for the life of the process. Signals that would end a process that
    /// only writes to a closed pipe (SIGPIPE) or past a size limit (SIGXFSZ) are ignored: the
    /// call that caused them fails instead.
    package static func answerTraps(with answer: [UInt8]) {
        ignoreWriteSignals()
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: answer.count)
        memory.update(from: answer, count: answer.count)
        readyAnswer = UnsafeRawPointer(memory)
        readyCount = answer.count

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

    /// The answer has begun: a trap after this ends the process and writes nothing.
    package static func forgetTrapAnswer() {
        readyCount = 0
    }

    /// Makes a write to a closed pipe, or past a size limit, fail instead of ending the process.
    package static func ignoreWriteSignals() {
        libc_ignore_signal(SIGPIPE)
        libc_ignore_signal(SIGXFSZ)
    }

    /// Ends the process at once, with nothing run or flushed on the way.
    package static func exit(_ code: Int32) -> Never {
        _exit(code)
    }
}

nonisolated(unsafe) private var readyAnswer: UnsafeRawPointer? = nil
nonisolated(unsafe) private var readyCount = 0

private func writeReadyAnswer(_ signal: Int32) {
    if readyCount > 0, let answer = readyAnswer {
        _ = write(STDOUT_FILENO, answer, readyCount)
    }
    _exit(1)
}
