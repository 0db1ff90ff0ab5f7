// backup: where it writes, what it checks, and what remains when it is killed.

import Foundation
import TestSupport
import Testing

@Suite struct BackupCommandTests {
    let home = Home()

    /// A folder of the test's own, next to the state.
    private func withFolder(_ body: (String) throws -> Void) rethrows {
        let folder = "\(home.path)-backups"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test func everyBackupThatIsMadeDuringRotationsCanBeRestored() {
        _ = home.signIn("ada@example.com")
        withFolder { folder in
            let group = DispatchGroup()
            let home = home
            nonisolated(unsafe) var failed: [String] = []
            DispatchQueue.global().async(group: group) {
                for round in 0..<24 {
                    let run = latchkey(["token-key", "rotate"] + (round % 2 == 0 ? ["--now"] : []), ["LATCHKEY_HOME": home.path])
                    if run.0 != 0 { failed.append(run.2) }
                }
            }
            for number in 0..<8 {
                let run = home.admin("backup", "\(folder)/\(number).tar")
                #expect(run.code == 0, "\(run.errors)")
            }
            group.wait()
            #expect(failed == [])
            #expect(names(folder).count == 8)
            for name in names(folder) {
                let other = Home()
                let run = latchkey(["restore", "\(folder)/\(name)"], ["LATCHKEY_HOME": other.path])
                #expect(run.0 == 0, "\(name): \(run.2)")
            }
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file and the files of keys"))
    func aBackupThatCouldNotBeRestoredDoesNotTakeTheLastOnesPlace() throws {
        _ = home.admin("init")
        let current = try String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)
        try withFolder { folder in
            let file = "\(folder)/b.tar"
            #expect(home.admin("backup", file).code == 0)
            let good = FileManager.default.contents(atPath: file)
            for (name, bytes, reason) in [
                ("keys/\(current).key", Data(count: 96), "a signing key in the backup is damaged or missing"),
                (
                    "keys/current", Data(String(repeating: "A", count: 43).utf8),
                    "a signing key in the backup is damaged or missing"
                ),
                ("secret.key", Data(count: 31), "does not have 32 bytes"),
            ] {
                let whole = FileManager.default.contents(atPath: "\(home.path)/\(name)")!
                try bytes.write(to: URL(filePath: "\(home.path)/\(name)"))
                let run = home.admin("backup", file)
                #expect(run.code == 1 && run.errors.contains(reason), "\(name): \(run.errors)")
                try whole.write(to: URL(filePath: "\(home.path)/\(name)"))
                #expect(FileManager.default.contents(atPath: file) == good)
                #expect(names(folder) == ["b.tar"])
            }
            #expect(home.admin("backup", file).code == 0)
        }
    }

    @Test func aLinkIsFollowedToARegularFileAndNothingElseIsReplaced() throws {
        _ = home.admin("init")
        try withFolder { folder in
            let file = "\(folder)/real.tar"
            try Data("old".utf8).write(to: URL(filePath: file))
            symlink("real.tar", "\(folder)/link")
            #expect(home.admin("backup", "\(folder)/link").code == 0)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "real.tar")
            #expect(FileManager.default.contents(atPath: file)?.count ?? 0 > 10000)
            #expect(names(folder) == ["link", "real.tar"])

            symlink("nowhere", "\(folder)/dangling")
            mkfifo("\(folder)/pipe", 0o600)
            mkdir("\(folder)/folder", 0o700)
            let before = names(folder)
            for (name, reason) in [
                ("dangling", "is a link to a file that does not exist"), ("pipe", "is not a regular file"),
                ("folder", "is not a regular file"),
            ] {
                let run = home.admin("backup", "\(folder)/\(name)")
                #expect(run.code == 1)
                #expect(run.errors == "latchkey: HOME-backups/\(name) \(reason)\n")
            }
            for device in ["/dev/stdout", "/dev/null", "/dev/full", "/proc/self/fd/1"] {
                let run = home.admin("backup", device)
                #expect(run.code == 1)
                #expect(run.errors == "latchkey: \(device) is not a regular file\n")
            }
            #expect(names(folder) == before)
        }
    }

    @Test(.enabled(if: !isPostgreSQL, "it looks at SQLite's file"))
    func theStatesOwnFilesAreNoPlaceForABackup() {
        _ = home.admin("init")
        for name in ["latchkey.db", "secret.key", "latchkey.conf", "keys/current", "latchkey.db-wal", "writing.lock"] {
            let run = home.admin("backup", "\(home.path)/\(name)")
            #expect(run.code == 1)
            #expect(run.errors == "latchkey: HOME/\(name) is part of the state\n")
        }
        #expect(home.get("health").status == 200)
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file and the files of keys"))
    func whatIsLeftOfKilledWorkIsToldByDoctorAndRemovedByCleanUp() throws {
        _ = home.signIn("ada@example.com")
        let id = "5c7b1a3e-0000-4000-8000-000000000000"
        let current = try String(contentsOfFile: "\(home.path)/keys/current", encoding: .utf8)
        let left = [
            "backup.\(id)", "backup.\(id)-journal", "keys/\(current).end.\(id)", "keys/\(current).key.\(id)",
            "keys/current.\(id)", "monday.tar.\(id)", "restoring.\(id)", "secret.key.\(id)",
        ]
        mkdir("\(home.path)/restoring.\(id)", 0o700)
        mkdir("\(home.path)/restoring.\(id)/keys", 0o700)
        for name in left where name != "restoring.\(id)" {
            _ = FileManager.default.createFile(atPath: "\(home.path)/\(name)", contents: Data("a secret".utf8))
        }
        _ = FileManager.default.createFile(atPath: "\(home.path)/restoring.\(id)/keys/x", contents: Data())
        let mail = "mail/tmp/1.\(id).latchkey"
        _ = FileManager.default.createFile(
            atPath: "\(home.path)/\(mail)", contents: Data(),
            attributes: [.modificationDate: Date(timeIntervalSinceNow: -2 * 86400)])
        // Only people make these files.
        for name in ["notes.txt", "backup.tar", "secret.key.old"] {
            _ = FileManager.default.createFile(atPath: "\(home.path)/\(name)", contents: Data())
        }
        let (_, report, _) = latchkey(["doctor", "--json"], ["LATCHKEY_HOME": home.path])
        let findings = try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [[String: Any]]
        let found = findings?.first { $0["check"] as? String == "leftovers" }?["found"] as? String
        #expect(found == "from interrupted work: \((left + [mail]).sorted().joined(separator: ", "))")
        #expect(home.admin("purge").code == 0)
        for name in left + [mail] {
            #expect(!FileManager.default.fileExists(atPath: "\(home.path)/\(name)"), "\(name)")
        }
        for name in ["notes.txt", "backup.tar", "secret.key.old", "secret.key", "keys/current"] {
            #expect(FileManager.default.fileExists(atPath: "\(home.path)/\(name)"), "\(name)")
        }
        #expect(home.get("health").status == 200)
    }

    @Test func whatAKilledBackupLeftElsewhereGoesWithTheNextOne() {
        _ = home.admin("init")
        withFolder { folder in
            let left = "\(folder)/b.tar.5c7b1a3e-0000-4000-8000-000000000000"
            for path in [left, "\(folder)/b.tar.old", "\(folder)/c.tar.5c7b1a3e-0000-4000-8000-000000000000"] {
                _ = FileManager.default.createFile(atPath: path, contents: Data())
            }
            #expect(home.admin("backup", "\(folder)/b.tar").code == 0)
            #expect(names(folder) == ["b.tar", "b.tar.old", "c.tar.5c7b1a3e-0000-4000-8000-000000000000"])
        }
    }
}
