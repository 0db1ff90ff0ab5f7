// Starts other programs: either detached, or with input and waiting for the end. Never through a shell.

import CLibc

/// Other programs, by absolute path and arguments.
package enum Command {
    /// Starts `path` detached: in its own session, with descriptors 0, 1 and 2 on /dev/null, every other one closed, and only
    /// `environment` (`NAME=value`).
    ///
    /// So a web server that waits for every holder of its pipes, or signals a request's process group, does not affect it.
    package static func startDetached(_ path: String, environment: [String]) throws(SystemError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        resetSignals(&attributes, flags: POSIX_SPAWN_SETSID)
        _ = try spawn(path, [path], environment, &actions, &attributes)
    }

    /// Whether programs that this process starts can gain the privileges of their set-user-ID or set-group-ID bit
    /// (prctl(2), PR_SET_NO_NEW_PRIVS).
    package static var mayGainPrivileges: Bool { libc_may_gain_privileges() == 1 }

    /// How a program ended.
    package enum Ending: Equatable {
        /// It exited, with this code.
        case exit(Int32)
        /// A signal ended it.
        case signal
        /// It ran too long, and was killed.
        case timeout
    }

    /// Runs `path` with `arguments` (without the program's name), `environment`, and `input` on its standard input. Its output
    /// and errors go to `output`, or are discarded. After `limit` it is killed, with everything that it has started in its
    /// process group. If the input has to be on a disk, it is on that of `folder`.
    ///
    /// The input is complete before the program starts: if this process ends meanwhile, the program does not take half of it
    /// for the whole.
    package static func run(
        _ path: String, arguments: [String], environment: [String], input: [UInt8],
        limit: Duration, output: Descriptor? = nil, folder: String? = nil
    ) throws(SystemError) -> Ending {
        let file = try UnnamedFile.make("input", holding: input, in: folder)
        defer { close(file) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO)
        for number in [STDOUT_FILENO, STDERR_FILENO] {
            if let output {
                posix_spawn_file_actions_adddup2(&actions, output.number, number)
            } else {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
            }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        resetSignals(&attributes, flags: POSIX_SPAWN_SETPGROUP)

        let deadline = Uptime.now + limit
        let process = try spawn(path, [path] + arguments, environment, &actions, &attributes)
        return wait(for: process, until: deadline)
    }

    private static func wait(for process: pid_t, until deadline: Duration) -> Ending {
        var status: Int32 = 0
        var pause: Int64 = 1
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process {
                let code = libc_exit_code(status)
                return code < 0 ? .signal : .exit(code)
            }
            if ended < 0, libc_errno() != EINTR { return .signal }
            if Uptime.now >= deadline {
                kill(-process, SIGKILL)
                // The program may have left its process group.
                kill(process, SIGKILL)
                while waitpid(process, &status, 0) < 0, libc_errno() == EINTR {}
                return .timeout
            }
            sleep(Duration(milliseconds: pause))
            pause = min(pause * 2, 50)
        }
    }

    /// Waits for `duration`.
    package static func sleep(_ duration: Duration) {
        var time = timespec(
            tv_sec: Int(duration.milliseconds / 1000),
            tv_nsec: Int(duration.milliseconds % 1000) * 1_000_000)
        nanosleep(&time, nil)
    }

    /// Otherwise a started program would inherit the signals that this process ignores or blocks.
    private static func resetSignals(_ attributes: inout posix_spawnattr_t, flags: Int32) {
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        sigaddset(&signals, SIGXFSZ)
        sigaddset(&signals, SIGCHLD)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String],
        _ actions: inout posix_spawn_file_actions_t, _ attributes: inout posix_spawnattr_t
    ) throws(SystemError) -> pid_t {
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer {
            for entry in argv { free(entry) }
            for entry in envp { free(entry) }
        }
        var process: pid_t = 0
        let error = posix_spawn(&process, path, &actions, &attributes, &argv, &envp)
        guard error == 0 else { throw SystemError("posix_spawn", path, number: error) }
        return process
    }
}
