// What a restore keeps of the old state, whatever its condition, and what an interrupted command leaves for another version.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: !isPostgreSQL, "a restore into PostgreSQL keeps no files"))
struct KeptStateCommandTests {
    let home = Home(settings: "code_length = 8\n")

    private func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

    private var kept: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
        return names.filter { $0.hasPrefix("before-restore-") }.sorted().map { "\(home.path)/\($0)" }
    }

    @Test(arguments: ["missing", "empty", "missing, with a log", "of no schema"])
    func whatIsThereIsKeptWhateverTheDatabaseIs(database: String) throws {
        _ = home.signIn("ada@example.com")
        try home.withBackup { file in
            _ = home.admin("secret", "rotate", "--yes")
            _ = home.admin("token-key", "rotate", "--now")
            try "code_length = 7\n".write(toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
            let secret = bytes("\(home.path)/secret.key")
            let current = try String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)
            let key = bytes("\(home.path)/keys/\(current).key")
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: "\(home.path)/latchkey.db\(suffix)")
            }
            switch database {
            case "empty": try Data().write(to: URL(filePath: "\(home.path)/latchkey.db"))
            case "missing, with a log": try Data("a log".utf8).write(to: URL(filePath: "\(home.path)/latchkey.db-wal"))
            case "of no schema": home.sql("CREATE TABLE mine (x); INSERT INTO mine VALUES (7)")
            default: break
            }
            let run = home.admin("restore", file)
            #expect(run.code == 0, "\(run.errors)")
            #expect(run.output.contains("The old state is in HOME/before-restore-"))
            let folder = try #require(kept.first)
            #expect(kept.count == 1)
            #expect(secret?.count == 32 && bytes("\(folder)/secret.key") == secret)
            #expect(key?.count == 96 && bytes("\(folder)/keys/\(current).key") == key)
            #expect(try String(contentsOfFile: "\(folder)/keys/current", encoding: .utf8) == current)
            #expect(try String(contentsOfFile: "\(folder)/latchkey.conf", encoding: .utf8) == "code_length = 7\n")
            switch database {
            case "missing, with a log": #expect(bytes("\(folder)/latchkey.db-wal") == Data("a log".utf8))
            case "of no schema":
                let found = Program.run("sqlite3", ["\(folder)/latchkey.db", "SELECT x FROM mine"])
                if found.exitCode == 0 { #expect(String(decoding: found.output, as: UTF8.self) == "7\n") }
                #expect(bytes("\(folder)/latchkey.db")?.count ?? 0 >= 4096)
            default: #expect(bytes("\(folder)/latchkey.db") == nil)
            }
            #expect(bytes("\(home.path)/secret.key") != secret)
            #expect(home.get("health").status == 200)
        }
    }

    /// For example, a copy that an operator set aside.
    @Test func foldersAmongTheKeysStay() throws {
        _ = home.signIn("ada@example.com")
        try home.withBackup { file in
            let mine = "\(home.path)/keys/mine"
            try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: false)
            try "a note".write(toFile: "\(mine)/note", atomically: true, encoding: .utf8)
            try "a note".write(toFile: "\(home.path)/keys/note", atomically: true, encoding: .utf8)
            let run = home.admin("restore", file)
            #expect(run.code == 0, "\(run.errors)")
            #expect(try String(contentsOfFile: "\(mine)/note", encoding: .utf8) == "a note")
            let folder = try #require(kept.first)
            #expect(try String(contentsOfFile: "\(folder)/keys/note", encoding: .utf8) == "a note")
            #expect(!FileManager.default.fileExists(atPath: "\(home.path)/keys/note"))
        }
    }

    @Test func whatCannotBeKeptIsNotReplacedAndGoesOn() throws {
        let ada = home.signIn("ada@example.com")
        try home.withBackup { file in
            home.sql("CREATE TABLE ballast (x); INSERT INTO ballast VALUES (zeroblob(4000000))")
            // Space for the backup, but not for a copy of the existing state.
            let run = Program(
                "/bin/sh", ["-c", "ulimit -f 4096; exec \"$0\" restore \"$1\"", "\(projectFolder)/.build/debug/latchkey", file],
                environment: ["LATCHKEY_HOME": home.path, "PATH": "/usr/bin:/bin"]
            ).finish()
            #expect(run.exitCode == 1, "\(run.errors)")
            #expect(kept == [])
            #expect(home.get("current-user", ada.bearer).status == 200)
            #expect(home.count("SELECT count(*) FROM ballast") == 1)
            #expect(home.admin("doctor").output.contains("leftovers: none"))

            // A folder in place of a file: again restore changes nothing, and leaves nothing behind.
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: "\(home.path)/latchkey.db\(suffix)")
            }
            try FileManager.default.createDirectory(atPath: "\(home.path)/latchkey.db", withIntermediateDirectories: false)
            let refused = home.admin("restore", file)
            #expect(refused.code == 1)
            #expect(refused.errors == "latchkey: read HOME/latchkey.db: Is a directory\n")
            #expect(kept == [])
            #expect(home.admin("restore", home.path).errors == "latchkey: read HOME: Is a directory\n")
        }
    }

    /// Gives `home` a database of schema 4, which another version's maintenance closed with `mark`.
    private func close(withSchema4 mark: Int) throws {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: "\(home.path)/latchkey.db\(suffix)") }
        let folder = "\(projectFolder)/Sources/Store/Migrations"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted().prefix(4) {
            home.sql(try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
        }
        home.sql("PRAGMA user_version = \(mark)")
        #expect(home.get("health").status == 503)
    }

    // The mark of this version, and the mark of versions up to schema 5, which has no number.
    @Test(arguments: [0x6000_0000 + 4, 0x7FFF_0002])
    func aRotationThatAnOlderVersionBeganIsFinishedAndTheSchemaBroughtForward(mark: Int) throws {
        _ = home.admin("init")
        let schema = home.number("PRAGMA user_version")
        try close(withSchema4: mark)
        let run = home.admin("secret", "rotate", "--yes")
        #expect(run.output == "Created a new secret; 0 sessions ended.\n", "\(run.errors)")
        #expect(home.number("PRAGMA user_version") == schema)
        #expect(home.count("SELECT count(*) FROM pragma_table_info('sessions') WHERE name = 'access_token_tag'") == 1)
        let ada = home.signIn("ada@example.com")
        #expect(home.get("current-user", ada.bearer).status == 200)
    }

    @Test(arguments: [0x4000_0000 + 4, 0x7FFF_0001, 0x6000_0000 + 4])
    func aRestoreThatAnOlderVersionBeganKeepsADatabaseOfItsOwnSchema(mark: Int) throws {
        let ada = home.signIn("ada@example.com")
        try home.withBackup { file in
            try close(withSchema4: mark)
            let run = home.admin("restore", file)
            #expect(run.code == 0, "\(run.errors)")
            home.remove("mail")
            #expect(home.signIn("ada@example.com").id == ada.id)
            let folder = try #require(kept.first)
            // The schema's number is intact, so this version can migrate it.
            #expect(latchkey(["user", "list"], ["LATCHKEY_HOME": folder]).0 == 0)
            #expect(latchkey(["doctor"], ["LATCHKEY_HOME": folder]).1.contains("the one that this version uses"))
        }
    }

    @Test func aDatabaseThatANewerVersionClosedIsANewerOne() throws {
        _ = home.admin("init")
        home.sql("PRAGMA user_version = \(0x6000_0000 + 99)")
        let run = home.admin("secret", "rotate", "--yes")
        #expect(run.code == 1)
        #expect(run.errors == "latchkey: the database was created by a newer version of Latchkey\n")
        #expect(home.number("PRAGMA user_version") == 0x6000_0000 + 99)
    }

    /// Restores `bytes` through a pipe.
    private func restoreThroughPipe(_ bytes: Data) -> (code: Int32, errors: String) {
        let result = Program(
            "/bin/sh", ["-c", "cat | \"$0\" restore /dev/stdin", "\(projectFolder)/.build/debug/latchkey"],
            environment: ["LATCHKEY_HOME": home.path, "PATH": "/usr/bin:/bin"]
        ).finish(Array(bytes))
        return (result.exitCode, result.errors)
    }

    @Test func aPipeIsReadToItsEndAndJudgedLikeAFile() throws {
        let ada = home.signIn("ada@example.com")
        try home.withBackup { file in
            let good = try #require(bytes(file))
            #expect(restoreThroughPipe(good + Data([1])).errors.hasSuffix("is damaged: there is data after its end\n"))
            #expect(restoreThroughPipe(good + good).errors.hasSuffix("is damaged: there is data after its end\n"))
            #expect(restoreThroughPipe(good + Data(count: 4 << 20)).errors.hasSuffix("there is data after its end\n"))
            #expect(restoreThroughPipe(good.dropLast(512)).errors.hasSuffix("is damaged: it is incomplete\n"))
            #expect(restoreThroughPipe(Data()).errors.hasSuffix("is damaged: it is incomplete\n"))
            #expect(home.get("current-user", ada.bearer).status == 200)
            // tar pads its records like this.
            let done = restoreThroughPipe(good + Data(count: 10240))
            #expect(done.code == 0, "\(done.errors)")
            #expect(home.get("current-user", ada.bearer).status == 401)
        }
    }

    @Test func onATerminalAPipeHasNoPercentage() throws {
        _ = home.admin("init")
        home.withBackup { file in
            let run = Program(
                "/usr/bin/script",
                ["-qec", "/bin/bash -c '\(projectFolder)/.build/debug/latchkey restore <(cat \(file))'", "/dev/null"],
                environment: ["LATCHKEY_HOME": home.path, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"]
            ).finish()
            let text = String(decoding: run.output, as: UTF8.self)
            #expect(text.contains("Restored 5 files; 0 sessions ended."), "\(text)")
            #expect(!text.contains("unpacking"))
        }
    }
}
