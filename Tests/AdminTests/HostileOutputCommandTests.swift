// Hostile texts in the command's output: a terminal obeys none of them, in tables, blocks, JSON and error messages.

import Foundation
import TestSupport
import Testing

@Suite struct HostileOutputCommandTests {
    @Test func aTerminalObeysNothing() {
        let home = Home()
        let ada = home.signIn("ada@example.com")
        _ = home.createKey(by: ada)
        let commands = [
            ["user", "list"], ["user", "show", ada.email], ["session", "list", ada.email], ["project", "list"],
            ["project", "show", ada.project],
            ["key", "list", "--project", ada.project], ["audit", "show"], ["mail", "list"], ["limits", "show"],
        ]
        for hostile in HostileText.all where !hostile.text.contains("\0") {
            let text = "'\(hostile.text.replacingOccurrences(of: "'", with: "''"))'"
            home.sql(
                """
                UPDATE users SET full_name = \(text);
                UPDATE projects SET name = \(text), description = \(text);
                UPDATE api_keys SET name = \(text);
                UPDATE sessions SET user_agent = \(text);
                """)
            // The export has every text in JSON. Two tables show each text; all tables show every tenth.
            var shown = [
                ["export", ada.email], ["user", "show", ada.email], ["project", "list"],
                ["key", "list", "--project", ada.project, "--json"],
            ]
            if hostile.text.utf8.count % 10 == 0 {
                shown = commands + commands.map { $0 + ["--json"] } + [["export", ada.email]]
            }
            for command in shown {
                let (code, output, errors) = latchkey(command, ["LATCHKEY_HOME": home.path])
                #expect(code == 0 && !output.isEmpty, "\(hostile.name): \(command) \(errors)")
                #expect(obeyed(in: output) == [] && obeyed(in: errors) == [], "\(hostile.name): \(command)")
            }
        }
    }

    @Test func namesAreRefusedHereToo() {
        let home = Home()
        let ada = home.signIn("ada@example.com")
        for hostile in HostileText.all where !hostile.text.contains("\0") {
            let (code, output, errors) = latchkey(["project", "create", "--", hostile.text], ["LATCHKEY_HOME": home.path])
            #expect(code == 64 && obeyed(in: output + errors) == [], "\(hostile.name)")
            let made = latchkey(["project", "rename", ada.project, "--", hostile.text], ["LATCHKEY_HOME": home.path])
            #expect(made.0 == (hostile.isRefusedAsName ? 64 : 0), "\(hostile.name): \(made)")
            #expect(obeyed(in: made.1 + made.2) == [], "\(hostile.name): \(made)")
        }
    }

    @Test func whatWasTypedIsNotObeyedWhenItIsRefused() {
        let home = Home()
        for words in [
            ["user", "show", "\u{1B}[2J"], ["\u{9B}2J"], ["user", "list", "--\u{202E}x"],
            ["key", "list", "--project", "\u{1B}]0;x\u{7}"],
        ] {
            let (code, output, errors) = latchkey(words, ["LATCHKEY_HOME": home.path])
            #expect(code != 0 && !errors.isEmpty && obeyed(in: output + errors) == [], "\(words)")
        }
    }
}
