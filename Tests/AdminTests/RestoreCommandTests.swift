// restore: puts a backup in place of the state.

import Foundation
import TestSupport
import Testing

@Suite struct RestoreCommandTests {
    let home = Home(settings: "code_length = 8\n")

    private func restore(_ file: String, to home: Home? = nil, _ arguments: String...) -> Run {
        let home = home ?? self.home
        let (code, output, errors) = latchkey(["restore", file] + arguments, ["LATCHKEY_HOME": home.path])
        func steady(_ text: String) -> String {
            text.replacingOccurrences(of: home.path, with: "HOME").replacingOccurrences(
                of: "before-restore-[0-9T]+", with: "before-restore-TIME", options: .regularExpression)
        }
        return Run(code: code, output: steady(output), errors: steady(errors))
    }

    private func keepFolders(_ home: Home) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
        return names.filter { $0.hasPrefix("before-restore-") || $0.hasPrefix("restoring.") }.sorted()
    }

    @Test(.enabled(if: !isPostgreSQL, "a restore into PostgreSQL keeps no folder of the old state"))
    func aRestoreBringsBackTheBackupAndEndsSessions() throws {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        _ = home.post("send-code", #"{"email":"eve@example.com"}"#)
        _ = home.code(for: "eve@example.com")
        try home.withBackup { file in
            let bob = home.signIn("bob@example.com")
            let late = home.createKey(by: bob)
            _ = home.admin("secret", "rotate", "--yes")
            try "code_length = 7\n".write(toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
            let secret = FileManager.default.contents(atPath: "\(home.path)/secret.key")
            let run = restore(file)
            #expect(
                run.output == """
                    Restored 5 files; 1 session ended.
                    The old state is in HOME/before-restore-TIME.

                    """, "\(run.errors)")
            #expect(home.get("current-user", ada.bearer).status == 401)
            #expect(home.get("current-user", bob.bearer).status == 401)
            let body = #"{"refresh_token":"\#(ada.refreshToken)","user_uuid":"\#(ada.id)"}"#
            #expect(home.post("refresh-token", body).status == 401)
            #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status == 200)
            #expect(home.get("verify-api-key", ["HTTP_X_API_KEY": late.secret]).status == 401)
            #expect(home.number("SELECT count(*) FROM challenges") == 0)
            #expect(home.number("SELECT count(*) FROM mail_items WHERE kind = 'code'") == 0)
            #expect(home.number("SELECT count(*) FROM audit_events WHERE event = 'state-restored' AND client = 'admin'") == 1)
            #expect(home.number("SELECT count(*) FROM users") == 1)
            #expect(try String(contentsOfFile: "\(home.path)/latchkey.conf", encoding: .utf8) == "code_length = 8\n")
            home.remove("mail")
            #expect(home.signIn("ada@example.com").id == ada.id)

            // The old state becomes another state folder.
            let kept = keepFolders(home)
            #expect(kept.count == 1)
            let before = "\(home.path)/\(kept[0])"
            #expect(FileManager.default.contents(atPath: "\(before)/secret.key") == secret)
            #expect(try String(contentsOfFile: "\(before)/latchkey.conf", encoding: .utf8) == "code_length = 7\n")
            let users = latchkey(["user", "list"], ["LATCHKEY_HOME": before])
            #expect(users.1.contains("bob@example.com"), "\(users.2)")
        }
    }

    @Test func settingsStayIfAskedTo() throws {
        _ = home.admin("init")
        try home.withBackup { file in
            try "code_length = 7\n".write(toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
            #expect(restore(file, "--keep-settings").code == 0)
            #expect(try String(contentsOfFile: "\(home.path)/latchkey.conf", encoding: .utf8) == "code_length = 7\n")
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "it looks at SQLite's file"))
    func aNewHostIsMadeFromABackup() throws {
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        try home.withBackup { file in
            let other = Home()
            for round in ["absent", "empty"] {
                try FileManager.default.removeItem(atPath: other.path)
                if round == "empty" {
                    try FileManager.default.createDirectory(
                        atPath: other.path, withIntermediateDirectories: false,
                        attributes: [.posixPermissions: 0o700])
                }
                #expect(restore(file, to: other).output == "Restored 5 files; 1 session ended.\n")
                #expect(keepFolders(other) == [])
                #expect(other.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status == 200)
                #expect(other.signIn("ada@example.com").id == ada.id)
                #expect(other.isPrivate("latchkey.db") && other.isPrivate("secret.key"))
            }
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file"))
    func aDamagedDatabaseIsReplacedAndKept() throws {
        _ = home.signIn("ada@example.com")
        try home.withBackup { file in
            try Data("no database at all, only text".utf8).write(to: URL(filePath: "\(home.path)/latchkey.db"))
            #expect(home.get("health").status == 500)
            #expect(restore(file).code == 0)
            #expect(home.get("health").status == 200)
            let kept = "\(home.path)/\(keepFolders(home)[0])/latchkey.db"
            #expect(try String(contentsOfFile: kept, encoding: .utf8) == "no database at all, only text")
        }
    }

    @Test func aClosedServiceAsksToComeBackAndAnotherRestoreMendsIt() {
        let ada = home.signIn("ada@example.com")
        home.withBackup { file in
            // A killed restore leaves this.
            home.sql(
                isPostgreSQL
                    ? "UPDATE store_state SET closure = 1"
                    : "PRAGMA user_version = \(0x4000_0000 + home.number("PRAGMA user_version"))")
            let (answer, log) = home.run("current-user", ada.bearer.merging(["REQUEST_METHOD": "GET"]) { $1 })
            #expect(answer.status == 503)
            #expect(log.contains("latchkey restore is running, or was interrupted and must be run again"))
            let run = home.admin("user", "list")
            #expect(run.code == 1)
            #expect(
                run.errors
                    == "latchkey: the database is closed: latchkey restore is running, or was interrupted and must be run again\n"
            )
            #expect(home.admin("secret", "rotate", "--yes").code == 1)
            #expect(restore(file).code == 0)
            #expect(home.get("current-user", ada.bearer).status == 401)
            #expect(home.get("health").status == 200)
        }
    }

    /// A request that begins before the restore and writes after it must not report success.
    @Test func requestsMeanwhileSucceedOrAreToldToComeBack() throws {
        // Enough for all keys that a fast machine makes meanwhile.
        try "max_keys_per_member = 10000\nmax_keys_per_project = 10000\nlimit_write_per_user = off\n".write(
            toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
        let ada = home.signIn("ada@example.com")
        let key = home.createKey(by: ada)
        home.withBackup { file in
            let stop = Flag()
            let group = DispatchGroup()
            let seen = Seen()
            for _ in 0..<3 {
                DispatchQueue.global().async(group: group) {
                    while !stop.isSet {
                        seen.add(home.post("create-api-key", #"{"name":"k"}"#, ada.onProject).status)
                        seen.add(home.get("verify-api-key", ["HTTP_X_API_KEY": key.secret]).status)
                    }
                }
            }
            Thread.sleep(forTimeInterval: 0.3)
            for _ in 0..<5 { #expect(restore(file).code == 0) }
            stop.set()
            group.wait()
            #expect(seen.statuses.isSubset(of: [200, 201, 401, 503]), "\(seen.statuses)")
            #expect(seen.statuses.isSuperset(of: [200, 201, 401]))
            #expect(home.number("SELECT count(*) FROM api_keys") == 1)
            #expect(home.admin("backup", "\(home.path)/checked.tar").code == 0)
        }
    }

    @Test func whatIsNoBackupIsRefusedAndChangesNothing() throws {
        let ada = home.signIn("ada@example.com")
        try home.withBackup { file in
            let good = try Data(contentsOf: URL(filePath: file))
            let tar = Tar(Array(good))
            #expect(tar.files.count == 5)
            let begins = "\(file) is not a backup, or is damaged: "
            func changed(_ name: String, _ body: (inout [UInt8]) -> Void) -> [UInt8] {
                tar.with { files in
                    let index = files.firstIndex { $0.name == name }!
                    body(&files[index].contents)
                }
            }
            func renamed(_ name: String, _ new: String) -> [UInt8] {
                tar.with { files in files[files.firstIndex { $0.name == name }!].name = new }
            }
            func without(_ name: String) -> [UInt8] { tar.with { $0.removeAll { $0.name == name } } }
            let key = tar.files.map(\.name).first { $0.hasSuffix(".key") && $0.hasPrefix("keys/") }!
            let header = { (place: Int, byte: UInt8) in tar.patched(place, byte, fixingSum: true) }
            let refused: [(what: [UInt8], reason: String)] = [
                ([], begins + "it is incomplete"),
                (Array(good.prefix(511)), begins + "it is incomplete"),
                (Array(good.prefix(40000)), begins + "it is incomplete"),
                (Array(good.dropLast(1024)), begins + "it is incomplete"),
                (Array(good.dropLast(512)), begins + "it is incomplete"),
                (Array(good) + [1], begins + "there is data after its end"),
                (Array(good) + Array(good), begins + "there is data after its end"),
                (
                    Array("not an archive, but text that is long enough to be a block".utf8)
                        + [UInt8](repeating: 0x20, count: 1000), begins + "a checksum is wrong"
                ),
                (tar.patched(0, 0x6D, fixingSum: false), begins + "a checksum is wrong"),
                (header(156, 0x32), begins + "it contains something other than a regular file"),
                (header(156, 0x35), begins + "it contains something other than a regular file"),
                (header(157, 0x61), begins + "it contains a long name or a link"),
                (header(345, 0x61), begins + "it contains a long name or a link"),
                (header(257, 0x55), begins + "it is not in the format ustar"),
                (header(124, 0x39), begins + "it contains an invalid size"),
                (header(50, 0x41), begins + "it contains an invalid name"),
                (renamed("secret.key", "../secret.key"), begins + "it contains ../secret.key, which does not belong in a backup"),
                (
                    renamed("secret.key", "/tmp/secret.key"),
                    begins + "it contains /tmp/secret.key, which does not belong in a backup"
                ),
                (renamed("secret.key", "keys/../x"), begins + "it contains keys/../x, which does not belong in a backup"),
                (
                    renamed("secret.key", "latchkey.db-wal"),
                    begins + "it contains latchkey.db-wal, which does not belong in a backup"
                ),
                (tar.with { $0.append($0[1]) }, begins + "it contains secret.key twice"),
                (changed("secret.key") { $0.append(0) }, begins + "its secret.key is too large"),
                (changed("secret.key") { $0.removeLast() }, "the backup has no secret.key of 32 bytes"),
                (without("secret.key"), "the backup has no secret.key of 32 bytes"),
                (without("latchkey.db"), "the backup has no latchkey.db"),
                (without(key), "a signing key in the backup is damaged or missing: read keys/current: Bad message"),
                (changed(key) { $0[95] ^= 1 }, "a signing key in the backup is damaged or missing: read \(key): Bad message"),
                (changed("latchkey.db") { $0[63] = 99 }, "the backup's database was created by a newer version of Latchkey"),
            ]
            for (bytes, reason) in refused {
                try Data(bytes).write(to: URL(filePath: file))
                let run = restore(file)
                #expect(run.code == 1)
                #expect(run.output == "")
                #expect(run.errors == "latchkey: \(reason.replacingOccurrences(of: home.path, with: "HOME"))\n")
            }
            // Damage that SQLite reports: overwritten pages and a truncated file.
            for bytes in [
                changed("latchkey.db") { for index in 4096..<20480 { $0[index] = 0x5A } },
                changed("latchkey.db") { $0.removeLast(40960) },
                changed("latchkey.db") { $0[0] = 0 },
                changed("latchkey.db") { $0 = [] },
            ] {
                try Data(bytes).write(to: URL(filePath: file))
                let run = restore(file)
                #expect(run.code == 1)
                #expect(run.errors.hasPrefix("latchkey: the backup's database "), "\(run.errors)")
            }
            #expect(restore("\(file).none").errors.hasSuffix("No such file or directory\n"))
            #expect(keepFolders(home) == [])
            #expect(home.get("current-user", ada.bearer).status == 200)
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file"))
    func aRowThatNamesNoneIsFound() throws {
        _ = home.signIn("ada@example.com")
        try home.withBackup { file in
            let other = Home()
            _ = Program.run("tar", ["xf", file, "-C", other.path])
            let ada = home.number("SELECT count(*) FROM members")
            #expect(ada == 1)
            other.sql("PRAGMA foreign_keys = OFF; DELETE FROM users; VACUUM")
            let names =
                ["latchkey.db", "secret.key", "keys/current", "latchkey.conf"]
                + (try FileManager.default.contentsOfDirectory(atPath: "\(other.path)/keys"))
                .filter { $0.hasSuffix(".key") }.map { "keys/\($0)" }
            let tar = Program.run("tar", ["--format=ustar", "-cf", file, "-C", other.path] + names)
            #expect(tar.exitCode == 0, "\(tar.errors)")
            let run = restore(file)
            #expect(run.code == 1)
            #expect(run.errors.hasPrefix("latchkey: the backup's database is damaged: a row of "), "\(run.errors)")
        }
    }
}

/// A flag that one thread sets and others read.
private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false
    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
}

/// The statuses of all answers.
private final class Seen: @unchecked Sendable {
    private let lock = NSLock()
    private var all: Set<Int> = []
    var statuses: Set<Int> { lock.withLock { all } }
    func add(_ status: Int) { lock.withLock { _ = all.insert(status) } }
}

/// A parsed archive, to be damaged.
private struct Tar {
    struct File {
        var name: String
        var contents: [UInt8]
        let header: [UInt8]
    }

    let bytes: [UInt8]
    var files: [File] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var place = 0
        while bytes[place] != 0 {
            let header = Array(bytes[place..<place + 512])
            let size = Int(String(decoding: header[124..<135], as: UTF8.self), radix: 8)!
            let name = String(decoding: header.prefix { $0 != 0 }, as: UTF8.self)
            files.append(File(name: name, contents: Array(bytes[place + 512..<place + 512 + size]), header: header))
            place += 512 + (size + 511) / 512 * 512
        }
    }

    /// The archive after `body` changed its files.
    func with(_ body: (inout [File]) -> Void) -> [UInt8] {
        var files = files
        body(&files)
        var result: [UInt8] = []
        for file in files {
            var header = file.header
            let name = Array(file.name.utf8)
            for index in 0..<100 { header[index] = index < name.count ? name[index] : 0 }
            let size = String(file.contents.count, radix: 8)
            let digits = Array((String(repeating: "0", count: 11 - size.count) + size).utf8)
            header.replaceSubrange(124..<135, with: digits)
            result += Tar.summed(header) + file.contents
            result += [UInt8](repeating: 0, count: (512 - file.contents.count % 512) % 512)
        }
        return result + [UInt8](repeating: 0, count: 1024)
    }

    /// The archive with one byte of its first header changed.
    func patched(_ place: Int, _ byte: UInt8, fixingSum: Bool) -> [UInt8] {
        var header = Array(bytes[..<512])
        header[place] = byte
        return (fixingSum ? Tar.summed(header) : header) + bytes[512...]
    }

    private static func summed(_ header: [UInt8]) -> [UInt8] {
        var header = header
        for index in 148..<156 { header[index] = 0x20 }
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        let digits = Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8)
        header.replaceSubrange(148..<154, with: digits)
        header[154] = 0
        return header
    }
}
