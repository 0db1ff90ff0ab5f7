// Runs a program as a web server does: with exactly the given environment and input; drains its output while it runs, and
// only then waits for it.

import Foundation
import Glibc

/// A program's exit code and output.
package struct ProgramResult: Sendable {
    package let exitCode: Int32
    package let output: [UInt8]
    package let errors: String
}

/// A program that has started but was not yet waited for.
package final class Program: @unchecked Sendable {
    package let id: Int32
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    /// nil if this is a real process.
    private let request: FastCGIClient?

    /// A request to a process that already runs. It starts no process (no process has its id), and its only exit code
    /// is 0, for a whole answer.
    init(_ client: FastCGIClient, _ variables: [String: String], again: [String: String] = [:]) {
        (id, input, output, errors) = (.max, -1, -1, -1)
        request = client
        client.begin(variables, again: again)
    }

    /// Starts `path` with `arguments` and only `environment`; the variables in `again` are passed a second time.
    package init(
        _ path: String, _ arguments: [String] = [], environment: [String: String], again: [String: String] = [:]
    ) {
        func pipe() -> (read: Int32, write: Int32) {
            var ends: [Int32] = [0, 0]
            precondition(Glibc.pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return (ends[0], ends[1])
        }
        // Until the flags are set, another program that starts meanwhile would inherit the pipes.
        starting.lock()
        defer { starting.unlock() }
        let (standardInput, standardOutput, standardError) = (pipe(), pipe(), pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, standardInput.read, 0)
        posix_spawn_file_actions_adddup2(&actions, standardOutput.write, 1)
        posix_spawn_file_actions_adddup2(&actions, standardError.write, 2)
        let argv = cStrings([path] + arguments)
        let envp = cStrings((Array(TestDatabase.named(in: environment)) + Array(again)).map { "\($0.key)=\($0.value)" })
        let process = spawn(path, argv, envp, &actions)
        posix_spawn_file_actions_destroy(&actions)
        for end in [standardInput.read, standardOutput.write, standardError.write] { close(end) }
        id = process
        request = nil
        input = standardInput.write
        output = standardOutput.read
        errors = standardError.read
    }

    /// Sends it `bytes`, closes its input, drains its output, then waits for it.
    package func finish(_ bytes: [UInt8] = []) -> ProgramResult {
        if let request {
            request.finish(bytes)
            let answer = request.answer()
            return ProgramResult(exitCode: answer.status == 0 ? 0 : 1, output: answer.output, errors: answer.errors)
        }
        signal(SIGPIPE, SIG_IGN)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(input, $0.baseAddress! + done, $0.count - done) }
            if count <= 0 { break }
            done += count
        }
        close(input)
        // Neither pipe may fill up while the other is read.
        nonisolated(unsafe) var errorBytes: [UInt8] = []
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) { [errors] in errorBytes = Program.drain(errors) }
        let outputBytes = Program.drain(output)
        group.wait()
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
        return ProgramResult(
            exitCode: code, output: outputBytes, errors: String(decoding: errorBytes, as: UTF8.self))
    }

    private static func drain(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        close(descriptor)
        return bytes
    }

    /// Runs a system program, found in the usual folders, and returns its output.
    package static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:]
    ) -> ProgramResult {
        let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
        let path = folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
        return Program(path, arguments, environment: environment).finish()
    }
}

/// Runs `body` on a new thread: all task threads may be waiting in other tests.
package func onThread(_ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread(body)
}

/// The project's folder.
package let projectFolder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// Where the release executables are.
package let executables = "\(projectFolder)/cgi-bin"

/// Held while a program is started.
let starting = NSRecursiveLock()

/// `posix_spawn_file_actions_addclosefrom_np`, which the module Glibc lacks.
private let closeFrom = unsafeBitCast(
    dlsym(nil, "posix_spawn_file_actions_addclosefrom_np"),
    to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)

/// Starts `path`; frees `argv` and `envp`. Test threads block and ignore some signals, and a program would inherit that. It
/// would also inherit a file that another test is still writing, and a FastCGI process would keep it open, so that nobody
/// could execute that file.
func spawn(
    _ path: String, _ argv: [UnsafeMutablePointer<CChar>?], _ envp: [UnsafeMutablePointer<CChar>?],
    _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>
) -> pid_t {
    starting.lock()
    defer { starting.unlock() }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    precondition(closeFrom(actions, 3) == 0)
    var process: pid_t = 0
    let error = posix_spawn(&process, path, actions, &attributes, argv, envp)
    precondition(error == 0, "cannot start \(path): \(String(cString: strerror(error)))")
    for pointer in argv + envp { free(pointer) }
    return process
}

/// `strings` as a C argument list; the caller frees each string.
func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
    strings.map { strdup($0) } + [nil]
}
