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
                "fault    state folder: HOME is open to other users; chmod 700 closes it "
                    + "Let it be a folder of mode 700."
            ])
    }

    @Test(.enabled(if: geteuid() == 0)) func whatBelongsToAnotherUserIsAFault() {
        let home = Home.initialized()
        chown("\(home.path)/latchkey.db", 4242, 4242)
        #expect(
            home.admin("doctor").troubles == [
                "fault    files: another user's: latchkey.db "
                    + "Give them to the service's user with chown; run latchkey as that user alone."
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
                "fault    web roots: HOME/www/state lies below www, which is served as a web root "
                    + "Move the state folder out of there."
            ])
        let second = home.admin(
            "doctor", variables: ["LATCHKEY_HOME": path, "LATCHKEY_ALLOW_STATE_IN_WEB_ROOT": "yes"])
        #expect(second.code == 0)
        #expect(
            second.troubles == [
                "warning  web roots: HOME/www/state lies below www, which is served as a web root, "
                    + "as allow_state_in_web_root lets it See with --url that nothing of it can be downloaded."
            ])
    }

    @Test func openFilesAreAWarning() {
        let home = Home.initialized()
        setMode("\(home.path)/latchkey.db", 0o644)
        setMode("\(home.path)/keys", 0o755)
        let run = home.admin("doctor")
        #expect(run.code == 0)
        #expect(
            run.troubles == [
                "warning  files: open to other users: latchkey.db, keys Close them: chmod -R go= HOME"
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
                "warning  log: HOME/latchkey.log has 101 MiB "
                    + "Move it away, or have logrotate do so; the next line makes a new one.",
                "warning  leftovers: of work that was interrupted: backup.\(anID), secret.key.\(anID) "
                    + "Run latchkey purge, which removes them; each may hold secrets.",
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
                "fault    executables: cannot be run: add-member chmod 755 them.",
                "fault    executables: other users can write to create-project chmod go-w them; suEXEC refuses them, too.",
                "warning  executables: not of mode 755: update-user chmod 755 them.",
            ])
        #expect(
            home.admin("doctor", "--executables", "/nowhere").troubles == [
                "fault    executables: /nowhere is not a folder Say --executables with theirs."
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
                "fault    latchkey.home: it names /elsewhere, which is not this state Write HOME into \(file)."
            ])
        setMode(file, 0o666)
        #expect(
            troubles() == [
                "fault    latchkey.home: trust \(file): Operation not permitted "
                    + "Let it hold the state's absolute path, be its owner's, and writable by nobody else."
            ])
        try! FileManager.default.removeItem(atPath: file)
        #expect(
            troubles() == [
                "warning  latchkey.home: there is none: executables find this state by LATCHKEY_HOME alone "
                    + "See that the web server sets it, or write HOME into \(file)."
            ])
    }

    @Test func missingSecretsAreFaultsAndStayMissing() {
        let home = Home.initialized()
        home.remove("secret.key")
        home.remove("keys/current")
        let run = home.admin("doctor")
        #expect(run.code == 1)
        #expect(
            run.troubles == [
                "fault    secret: open HOME/secret.key: No such file or directory "
                    + "Restore it from a backup: without it no session and no code is good.",
                "fault    signing key: open HOME/keys/current: No such file or directory "
                    + "Restore keys/ from a backup; or remove keys/current, and the next request makes a new key.",
            ])
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/secret.key"))
        #expect(!FileManager.default.fileExists(atPath: "\(home.path)/keys/current"))
    }
}
