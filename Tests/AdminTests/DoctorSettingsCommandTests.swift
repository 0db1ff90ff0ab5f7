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
                    + "Keep them off only if something in front of the service applies such limits.",
                "warning  settings: trusted_proxies contains every address: clients can choose the address that limits and logs see "
                    + "List only your proxies.",
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
        let advice = "Correct it. Until then, every request is answered with 500."
        #expect(
            run.findings("settings") == [
                "fault    settings: HOME/latchkey.conf:1: code_length: must be a whole number from 6 to 8 \(advice)",
                "fault    settings: HOME/latchkey.conf:3: must have the form key = value \(advice)",
                "fault    settings: HOME/latchkey.conf:4: colour: unknown setting \(advice)",
                "fault    settings: HOME/latchkey.conf:6: mail: given twice \(advice)",
                "fault    settings: environment:LATCHKEY_CODE_TTL: code_ttl: "
                    + "must be a duration such as 90s, 15m, 1h or 30d \(advice)",
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
                "warning  base_url: http://id.example.com is not encrypted: tokens can be read in transit "
                    + "Set up HTTPS in the web server, and set base_url = https://id.example.com",
                "warning  cors_origins: pages of these origins can call the API: https://app.example.com Keep only your own origins.",
                "warning  test_identities: 1 address can sign in with a fixed code "
                    + "Remove the setting when the tests are done.",
                "warning  mail: is written to files in HOME/mail/new, and is not sent to anyone "
                    + "Set mail = sendmail /usr/sbin/sendmail",
                "warning  argon2_slots: hashes 999 codes at once on \(counted(cores, "core")), with 6993 MiB "
                    + "Set argon2_slots = \(cores). More slots only make each hash slower, and take memory.",
            ])
        #expect(run.findings("client_tokens") == ["ok       client_tokens: 1 can request a code"])

        setMode("\(home.path)/testers", 0o644)
        variables = ["LATCHKEY_TEST_IDENTITIES": "testers"]
        #expect(
            home.admin("doctor", variables: variables).troubles == [
                "fault    test_identities: test_identities: trust HOME/testers: Operation not permitted; "
                    + "the file must belong to this user and have mode 0600 "
                    + "Correct the file. Until then, every request is answered with 500."
            ])
    }

    @Test(.enabled(if: !isPostgreSQL, "the journal is SQLite's"))
    func aJournalThatTheSettingsDoNotWantIsAWarning() {
        let home = Home.initialized()
        let run = home.admin("doctor", variables: ["LATCHKEY_JOURNAL": "delete"])
        #expect(
            run.troubles == [
                "warning  journal: wal, but the setting journal says otherwise "
                    + "Run latchkey migrate while no request is running."
            ])
        #expect(home.admin("doctor").findings("journal") == ["ok       journal: wal on a local file system"])
    }

    @Test func aMailCommandThatIsNotThereIsAFault() {
        let home = Home.initialized()
        func troubles(_ mail: String) -> [String] {
            home.admin("doctor", variables: ["LATCHKEY_MAIL": mail]).troubles
        }
        #expect(
            troubles("sendmail /nowhere/sendmail") == [
                "fault    mail: /nowhere/sendmail does not exist Install a mail command, or correct its path in the setting mail."
            ])
        #expect(
            troubles("sendmail /etc/passwd") == [
                "fault    mail: /etc/passwd cannot be run by this user Check its mode and owner."
            ])
        #expect(
            home.admin("doctor", variables: ["LATCHKEY_MAIL": "sendmail /bin/true"]).findings("mail") == [
                "ok       mail: /bin/true can be run; latchkey mail test shows whether it accepts mail"
            ])
        makeFile("\(home.path)/mail")
        #expect(
            home.admin("doctor").troubles == [
                "fault    mail: cannot write files to HOME/mail "
                    + "Make it, and tmp and new in it, folders that this user can write to."
            ])
    }
}
