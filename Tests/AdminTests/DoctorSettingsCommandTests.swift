// doctor on the settings: each test causes a fault and compares the whole finding.

import Foundation
import TestSupport
import Testing

@testable import latchkey

@Suite struct DoctorSettingsCommandTests {
    @Test func settingsThatHoldNothingOffAreWarnings() throws {
        let home = Home.initialized()
        try "limit_send_total = off\nlimit_write_per_user = off\nlimit_send_per_ip = 1/1s\ntrusted_proxies = 10.0.0.1, ::/0\n"
            .write(
                toFile: "\(home.path)/latchkey.conf", atomically: true, encoding: .utf8)
        setMode("\(home.path)/latchkey.conf", 0o600)
        #expect(
            home.admin("doctor").troubles == [
                "warning  settings: switched off: limit_send_total, limit_write_per_user "
                    + "Keep them off only where something in front of the service counts as they do.",
                "warning  settings: trusted_proxies names every address: clients choose the address that limits and logs see "
                    + "Name the proxies alone.",
            ])
    }

    @Test func everyFaultOfTheSettingsIsNamed() {
        let home = Home.initialized()
        makeFile(
            "\(home.path)/latchkey.conf",
            """
            code_length = 5
            base_url = https://id.example.com
            nonsense
            colour = red
            mail = maildir
            mail = maildir
            """)
        let run = home.admin("doctor", variables: ["LATCHKEY_CODE_TTL": "soon"])
        #expect(run.code == 1)
        let advice = "Correct it; until then every request is answered with 500."
        #expect(
            run.findings("settings") == [
                "fault    settings: HOME/latchkey.conf:1: code_length: not a whole number from 6 to 8 \(advice)",
                "fault    settings: HOME/latchkey.conf:3: not of the form key = value \(advice)",
                "fault    settings: HOME/latchkey.conf:4: colour: there is no such setting \(advice)",
                "fault    settings: HOME/latchkey.conf:6: mail: given twice \(advice)",
                "fault    settings: environment:LATCHKEY_CODE_TTL: code_ttl: "
                    + "not a duration such as 90s, 15m, 1h or 30d \(advice)",
            ])
        // Valid settings still count.
        #expect(run.findings("base_url") == ["ok       base_url: https://id.example.com"])
    }

    @Test func whatDeservesASecondLookIsAWarning() throws {
        let home = Home.initialized()
        let hash =
            "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHRzb21lc2FsdA$"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        let day = Date.now.addingTimeInterval(10 * 86400).formatted(.iso8601.year().month().day())
        makeFile("\(home.path)/testers", "test@example.com \(hash) \(day)\n")
        var variables = [
            "LATCHKEY_BASE_URL": "http://id.example.com", "LATCHKEY_CORS_ORIGINS": "https://app.example.com",
            "LATCHKEY_TEST_IDENTITIES": "testers", "LATCHKEY_CLIENT_TOKENS": "0123456789abcdef",
            "LATCHKEY_ARGON2_SLOTS": "999",
        ]
        let run = home.admin("doctor", variables: variables)
        #expect(run.code == 0)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        #expect(
            run.troubles == [
                "warning  base_url: http://id.example.com is not encrypted: tokens can be read on the way "
                    + "Have the web server speak https, and set base_url = https://id.example.com",
                "warning  cors_origins: pages may call from https://app.example.com Keep those that are yours alone.",
                "warning  test_identities: 1 address may sign in with a fixed code "
                    + "Remove the setting when the tests are over.",
                "warning  mail: goes into files in HOME/mail/new, and to nobody "
                    + "Set mail = sendmail /usr/sbin/sendmail",
                "warning  argon2_slots: 999 codes at once on \(counted(cores, "core")), in 6993 MiB "
                    + "Set argon2_slots = \(cores): more only makes each slower, and takes memory.",
            ])
        #expect(run.findings("client_tokens") == ["ok       client_tokens: 1 may ask for a code"])

        setMode("\(home.path)/testers", 0o644)
        variables = ["LATCHKEY_TEST_IDENTITIES": "testers"]
        #expect(
            home.admin("doctor", variables: variables).troubles == [
                "fault    test_identities: test_identities: trust HOME/testers: Operation not permitted; "
                    + "it must be yours alone, mode 0600 Correct the file; requests are answered with 500."
            ])
    }

    @Test func aJournalThatTheSettingsDoNotWantIsAWarning() {
        let home = Home.initialized()
        let run = home.admin("doctor", variables: ["LATCHKEY_JOURNAL": "delete"])
        #expect(
            run.troubles == [
                "warning  journal: wal, though the settings say otherwise "
                    + "Run latchkey migrate when no request is at work."
            ])
        #expect(home.admin("doctor").findings("journal") == ["ok       journal: wal on a file system of this machine"])
    }

    @Test func aMailCommandThatIsNotThereIsAFault() {
        let home = Home.initialized()
        func troubles(_ mail: String) -> [String] {
            home.admin("doctor", variables: ["LATCHKEY_MAIL": mail]).troubles
        }
        #expect(
            troubles("sendmail /nowhere/sendmail") == [
                "fault    mail: /nowhere/sendmail is not there Install a mail command, or set mail to where it is."
            ])
        #expect(
            troubles("sendmail /etc/passwd") == [
                "fault    mail: /etc/passwd cannot be run by this user See its mode and owner."
            ])
        #expect(
            home.admin("doctor", variables: ["LATCHKEY_MAIL": "sendmail /bin/true"]).findings("mail") == [
                "ok       mail: /bin/true can be run; latchkey mail test shows whether it accepts"
            ])
        makeFile("\(home.path)/mail")
        #expect(
            home.admin("doctor").troubles == [
                "fault    mail: files cannot be written to HOME/mail "
                    + "Let it be a folder, and tmp and new in it, that this user may write to."
            ])
    }
}
