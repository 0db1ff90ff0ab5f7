// Running a program as a web server would: with exactly the environment and input given, its
// output drained while it runs, and only then waited for.

import Foundation
import Glibc

/// How a program ended, and what it wrote.
package struct ProgramResult: Sendable {
    package let exitCode: Int32
    package let output: [UInt8]
    package let errors: String
}

/// A program that was started and not yet waited for.
package final class Program: @unchecked Sendable {
    package let id: Int32
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private static let starting = NSLock()

    /// Starts `path` with `arguments` and only `environment`.
    package init(_ path: String, _ arguments: [String] = [], environment: [String: String]) {
        func pipe() -> (read: Int32, write: Int32) {
            var ends: [Int32] = [0, 0]
            precondition(Glibc.pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return (ends[0], ends[1])
        }
        // Until the flags are set, another program started meanwhile would inherit the pipes.
        Program.starting.lock()
        defer { Program.starting.unlock() }
        let (standardInput, standardOutput, standardError) = (pipe(), pipe(), pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, standardInput.read, 0)
        posix_spawn_file_actions_adddup2(&actions, standardOutput.write, 1)
        posix_spawn_file_actions_adddup2(&actions, standardError.write, 2)
        let argv = ([path] + arguments).map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        var process: pid_t = 0
        let error = posix_spawn(&process, path, &actions, nil, argv, envp)
        precondition(error == 0, "cannot start \(path): \(String(cString: strerror(error)))")
        for pointer in argv + envp { free(pointer) }
        posix_spawn_file_actions_destroy(&actions)
        for end in [standardInput.read, standardOutput.write, standardError.write] { close(end) }
        id = process
        input = standardInput.write
        output = standardOutput.read
        errors = standardError.read
    }

    /// Gives it `bytes`, ends its input, drains what it writes, then waits for it.
    package func finish(_ bytes: [UInt8] = []) -> ProgramResult {
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

    /// Runs a program of the system, looked up in the usual folders, and gives what it wrote.
    package static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:]
    ) -> ProgramResult {
        let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
        let path = folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
        return Program(path, arguments, environment: environment).finish()
    }
}

/// The project's folder.
package let projectFolder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// Where the release executables are.
package let executables = "\(projectFolder)/cgi-bin"
