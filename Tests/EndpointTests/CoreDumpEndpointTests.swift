// No executable writes its memory, which holds keys and codes, to a core file, whatever signal ends it and whatever core size
// limit it starts with.

import Foundation
import Glibc
import TestSupport
import Testing

/// Whether a process that such a signal ends leaves a core in this folder: false where cores go to a program.
private func coresAreFiles() -> Bool {
    let pattern = (try? String(contentsOfFile: "/proc/sys/kernel/core_pattern", encoding: .utf8)) ?? ""
    return !pattern.hasPrefix("|") && !pattern.contains("/")
}

@Suite(.serialized) struct CoreDumpEndpointTests {
    private let folder = "\(NSTemporaryDirectory())latchkey-test-\(UUID().uuidString)"

    init() {
        try! FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    private var cores: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix("core") }
    }

    /// Starts `command` with `folder` as the place for cores of any size, and a listening socket as standard input if
    /// `isListening`.
    private func start(_ command: [String], _ variables: [String: String], isListening: Bool = false) -> Program {
        let script = """
            import os, resource, socket, sys
            most = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (most, most))
            os.chdir(sys.argv[1])
            if sys.argv[2] == "True":
                listening = socket.socket(socket.AF_UNIX)
                listening.bind("socket")
                listening.listen()
                os.dup2(listening.fileno(), 0)
            os.execv(sys.argv[3], sys.argv[3:])
            """
        return Program(
            "/usr/bin/python3", ["-c", script, folder, isListening ? "True" : "False"] + command,
            environment: ["PATH": "/usr/bin:/bin"].merging(variables) { $1 })
    }

    private func isProtected(_ id: Int32) -> Bool {
        for _ in 0..<400 {
            let limits = (try? String(contentsOfFile: "/proc/\(id)/limits", encoding: .utf8)) ?? ""
            let line = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") } ?? ""
            if line.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"] { return true }
            shortPause()
        }
        return false
    }

    /// A state folder whose settings file is a pipe without a writer, so that reading it blocks.
    private func waitingHome() -> Home {
        let home = Home()
        precondition(mkfifo("\(home.path)/latchkey.conf", 0o600) == 0)
        return home
    }

    private func end(_ program: Program, by signal: Int32, _ what: String) {
        #expect(isProtected(program.id), "\(what)")
        kill(program.id, signal)
        let result = program.finish()
        #expect(result.exitCode != 0, "\(what)")
        #expect(!result.errors.contains("crashed"), "\(what)")
        #expect(cores == [], "\(what)")
    }

    @Test(.enabled(if: coresAreFiles(), "cores go elsewhere on this machine, so only limits are looked at"))
    func aProgramWithoutThatLeavesOne() {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = start(["/bin/sleep", "100"], [:])
        for _ in 0..<400 where (try? String(contentsOfFile: "/proc/\(program.id)/comm", encoding: .utf8)) != "sleep\n" {
            shortPause()
        }
        kill(program.id, SIGQUIT)
        _ = program.finish()
        #expect(cores.count == 1)
    }

    @Test(arguments: [SIGSEGV, SIGQUIT, SIGXCPU, SIGSYS]) func noExecutableLeavesACore(signal: Int32) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let home = waitingHome()
        let variables = [
            "LATCHKEY_HOME": home.path, "REQUEST_METHOD": "GET", "HTTP_ORIGIN": "https://a.example", "REMOTE_ADDR": "192.0.2.7",
        ]
        let names = try FileManager.default.contentsOfDirectory(atPath: executables).filter {
            !$0.hasPrefix(".") && $0 != "latchkey.home"
        }
        #expect(names.count > 30)
        for name in names.sorted() where name != "deliver-mail" && !name.hasPrefix("latchkey-fcgi") {
            end(start(["\(executables)/\(name)"], variables), by: signal, name)
        }
        end(start(["\(executables)/deliver-mail"], ["LATCHKEY_HOME": home.path]), by: signal, "deliver-mail")
        end(start(["\(executables)/latchkey-fcgi"], ["LATCHKEY_HOME": home.path], isListening: true), by: signal, "latchkey-fcgi")
    }

    @Test(arguments: [SIGSEGV, SIGQUIT, SIGABRT]) func theOperatorsCommandLeavesNone(signal: Int32) {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let home = waitingHome()
        let command = "\(projectFolder)/.build/debug/latchkey"
        end(start([command, "init"], ["LATCHKEY_HOME": home.path]), by: signal, "latchkey")
    }

    @Test(.enabled(if: geteuid() == 0, "root alone can become another user"))
    func anotherProcessOfTheSameUserCannotReadItsMemory() {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let home = waitingHome()
        for path in [home.path, "\(home.path)/latchkey.conf", folder] { precondition(chown(path, 65534, 65534) == 0) }
        let script = """
            import os, subprocess, sys, time
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            p = subprocess.Popen([sys.argv[1]], env={"LATCHKEY_HOME": sys.argv[2], "REQUEST_METHOD": "GET"}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            for _ in range(400):
                try:
                    open(f"/proc/{p.pid}/mem", "rb").close()
                except PermissionError:
                    print("refused"); break
                time.sleep(0.01)
            p.kill()
            """
        let result = Program(
            "/usr/bin/python3", ["-c", script, "\(executables)/current-user", home.path], environment: ["PATH": "/usr/bin:/bin"]
        ).finish()
        #expect(String(decoding: result.output, as: UTF8.self) == "refused\n", "\(result.errors)")
    }
}
