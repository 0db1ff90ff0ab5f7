// doctor on files and folders: each test causes a fault and compares the whole finding.

import Foundation
import TestSupport
import Testing

@Suite struct DoctorFilesCommandTests {
    @Test func anOpenFolderIsAFault() {
        let home = Home.initialized()
        setMode(home.path, 0o755)
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    state folder: other users can access HOME; run chmod 700 on it "
                    + "Make it a folder with mode 700."
            ])
    }

    @Test(.enabled(if: geteuid() == 0 && !isPostgreSQL, "it is about SQLite's file")) func whatBelongsToAnotherUserIsAFault() {
        let home = Home.initialized()
        chown("\(home.path)/latchkey.db", 4242, 4242)
        #expect(
            home.admin("doctor").troubles == [
                "fault    files: owned by another user: latchkey.db "
                    + "Give them to the service's user with chown, and always run latchkey as that user."
            ])
        chown(home.path, 4242, 4242)
        #expect(
            home.admin("doctor").troubles == [
                "fault    state folder: HOME belongs to another user "
                    + "Run this as the service's user, or give the folder to that user: chown -R."
            ])
    }

    @Test func aWebRootIsAFaultOrAWarning() {
        let home = Home.initialized()
        let path = "\(home.path)/www/state"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        setMode(path, 0o700)
        let allowed = home.admin(
            "init", variables: ["LATCHKEY_HOME": path, "LATCHKEY_ALLOW_STATE_IN_WEB_ROOT": "yes"])
        #expect(allowed.code == 0, "\(allowed.errors)")
        let run = home.admin("doctor", variables: ["LATCHKEY_HOME": path])
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    web roots: HOME/www/state is in a folder called www, which web servers usually serve "
                    + "Move the state folder out of the web root."
            ])
        let second = home.admin(
            "doctor", variables: ["LATCHKEY_HOME": path, "LATCHKEY_ALLOW_STATE_IN_WEB_ROOT": "yes"])
        #expect(second.code == 0)
        #expect(
            second.troubles == [
                "warning  web roots: HOME/www/state is in a folder called www, which web servers usually serve "
                    + "(allow_state_in_web_root permits this) "
                    + "Run latchkey doctor with --url to check that none of it can be downloaded."
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file and the files of keys"))
    func openFilesAreAWarning() {
        let home = Home.initialized()
        setMode("\(home.path)/latchkey.db", 0o644)
        setMode("\(home.path)/keys", 0o755)
        let run = home.admin("doctor")
        #expect(run.code == 0)
        #expect(
            run.troubles == [
                "warning  files: accessible to other users: latchkey.db, keys Run chmod -R go= HOME"
            ])
        #expect(run.findings.last == "29 checks: 0 faults, 1 warning.")
    }

    @Test func aLargeLogAndLeftoversAreWarnings() throws {
        let home = Home.initialized()
        let old = "\(home.path)/secret.key.2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21"
        let new = "\(home.path)/backup.2f1c4c0e-5a0b-4d5e-9a55-0c6d1f7b8e21"
        for path in [old, new, "\(home.path)/backup.tar", "\(home.path)/latchkey.log"] {
            makeFile(path)
        }
        truncate("\(home.path)/latchkey.log", 101 << 20)
        #expect(
            home.admin("doctor").troubles == [
                "warning  log: the size of HOME/latchkey.log is 101 MiB "
                    + "Move it away, or use logrotate. The next log line creates a new file.",
                "warning  leftovers: from interrupted work: backup.\(anID), secret.key.\(anID) "
                    + "Run latchkey purge to delete them. They may contain secrets.",
            ])
    }

    @Test func executablesAreLookedAt() {
        let home = Home.initialized()
        let executables = Executables(of: home)
        let folder = executables.path
        func troubles() -> [String] { home.admin("doctor", "--executables", folder).troubles }
        for name in ["health", "jwks", "metrics", "not-found", "send-code", "verify-code"] {
            try! FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        setMode("\(folder)/add-member", 0o644)
        setMode("\(folder)/create-project", 0o775)
        setMode("\(folder)/update-user", 0o711)
        #expect(
            troubles() == [
                "fault    executables: missing in \(folder): send-code, verify-code, jwks, health, metrics and 1 more "
                    + "Copy the package's cgi-bin again.",
                "fault    executables: cannot be run: add-member Run chmod 755 on them.",
                "fault    executables: other users can write to create-project "
                    + "Run chmod go-w on them. suEXEC refuses to run them as they are.",
                "warning  executables: their mode is not 755: update-user Run chmod 755 on them.",
            ])
        #expect(
            home.admin("doctor", "--executables", "/nowhere").troubles == [
                "fault    executables: /nowhere is not a folder Pass the folder of the executables with --executables."
            ])
    }

    @Test func theStateThatExecutablesFindIsLookedAt() {
        let home = Home.initialized()
        let executables = Executables(of: home)
        let file = "\(executables.path)/latchkey.home"
        func troubles() -> [String] { home.admin("doctor", "--executables", executables.path).troubles }
        try! "/elsewhere\n".write(toFile: file, atomically: false, encoding: .utf8)
        #expect(
            troubles() == [
                "fault    latchkey.home: it names /elsewhere, which is not this state folder Write HOME into \(file)."
            ])
        setMode(file, 0o666)
        #expect(
            troubles() == [
                "fault    latchkey.home: trust \(file): Operation not permitted "
                    + "It must contain the absolute path of the state folder, belong to that folder's owner, and be writable only by "
                    + "its owner."
            ])
        try! FileManager.default.removeItem(atPath: file)
        #expect(
            troubles() == [
                "warning  latchkey.home: this file is missing: the executables find this state folder only by LATCHKEY_HOME "
                    + "Set LATCHKEY_HOME in the web server, or write HOME into \(file)."
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "it is about SQLite's file and the files of keys"))
    func missingSecretsAreFaultsAndStayMissing() {
        let home = Home.initialized()
        home.remove("secret.key")
        home.remove("keys/current")
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    secret: open HOME/secret.key: No such file or directory "
                    + "Restore it from a backup. Without it, no session and no code works.",
                "fault    signing key: open HOME/keys/current: No such file or directory "
                    + "Restore keys/ from a backup. Or delete keys/current: the next request then creates a new key.",
            ])
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/secret.key"))
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/keys/current"))
    }
}
