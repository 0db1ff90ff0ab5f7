// Commands with input and a timeout: they get all of their input, and do not outlive the timeout.

import Foundation
import Platform
import Testing

@Suite struct CommandExecutionTests {
    private let folder = "/tmp/latchkey-command-\(Platform.UUID.random().text)"

    init() throws {
        try File.createFolder(folder)
    }

    private func run(_ script: String, input: [UInt8] = [], limit: Platform.Duration = .seconds(20)) throws -> Command.Ending {
        try Command.run(
            "/bin/sh", arguments: ["-c", script, "sh", folder], environment: ["PATH=/usr/bin:/bin"], input: input, limit: limit)
    }

    private func text(_ name: String) -> String { (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? "" }

    @Test func theWholeInputIsThereHoweverLongAndHoweverLateItIsRead() throws {
        let input = [UInt8](repeating: 65, count: 300_000)
        #expect(try run("sleep 0.2; cat > \"$1/read\"", input: input) == .exit(0))
        #expect(text("read").utf8.elementsEqual(input))
        // A command that reads nothing has not failed.
        #expect(try run("exit 7", input: input) == .exit(7))
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test func whatHangsIsKilledWithWhatItStarted() throws {
        let start = Timestamp.now
        #expect(try run("sleep 300 & echo $! > \"$1/child\"; wait", limit: .seconds(1)) == .timeout)
        #expect(Timestamp.now - start < .seconds(10))
        let child = try #require(Int32(text("child").dropLast()))
        /// A process that ended but was not waited for is a zombie.
        func runs() -> Bool {
            guard let status = try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8) else { return false }
            return !status.contains("State:\tZ")
        }
        for _ in 0..<100 where runs() { Thread.sleep(forTimeInterval: 0.02) }
        #expect(!runs())
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test func whatLeavesItsProcessGroupIsKilledToo() throws {
        let start = Timestamp.now
        let script = "import os,time\nos.setpgid(0, os.getpgid(os.getppid()))\ntime.sleep(300)"
        #expect(try run("exec python3 -c '\(script)'", limit: .seconds(1)) == .timeout)
        #expect(Timestamp.now - start < .seconds(10))
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test func anEndingIsToldApart() throws {
        #expect(try run("kill -KILL $$") == .signal)
        #expect(throws: SystemError.self) {
            try Command.run("/nonexistent", arguments: [], environment: [], input: [], limit: .seconds(1))
        }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
