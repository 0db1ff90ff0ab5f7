// The table of settings, and everything generated from it: the table in docs/configuration.md, the sample file, the defaults, the secrets.

import Auth
import Foundation
import Platform
import Store
import TestSupport
import Testing

@testable import Settings

@Suite struct SettingTableTests {
    private func contents(of file: String) throws -> String {
        try String(contentsOfFile: "\(projectFolder)/\(file)", encoding: .utf8)
    }

    private func read(_ text: String) throws -> Settings {
        var settings = Settings()
        try settings.read(Array(text.utf8), file: "f")
        return settings
    }

    /// The settings in `text`, printed: not all of them can be compared.
    private func shown(_ text: String) throws -> String {
        let settings = try read(text)
        return """
            \(settings.policy) \(settings.mail) \(String(describing: settings.mailFrom)) \(settings.trustedProxies) \
            \(settings.corsOrigins) \(String(describing: settings.testIdentities)) \(settings.fastCGIRequests) \
            \(String(describing: settings.journal)) \(settings.allowStateInWebRoot)
            """
    }

    @Test func theDocumentHasTheTable() throws {
        let document = try contents(of: "docs/configuration.md")
        let table = SettingDescription.markdownTable
        #expect(document.contains("\n\n\(table.joined(separator: "\n"))\n\n"), "run `make settings`")
        #expect(document.components(separatedBy: "\n\(table[0])\n").count == 2)
        for row in table.dropFirst(2) { #expect(row.components(separatedBy: "|").count == 5 && !row.contains("\n"), "\(row)") }
    }

    @Test func theSampleFileIsTheTables() throws {
        #expect(try contents(of: "samples/latchkey.conf") == SettingDescription.sampleFile, "run `make settings`")
    }

    @Test func theSampleFileSetsNothingAndShowsEverySettingOnce() throws {
        let sample = SettingDescription.sampleFile
        #expect(try read(sample).given.isEmpty)
        let lines = sample.split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("#") && $0.count <= 100 })
        let keys = lines.filter { !$0.hasPrefix("# ") && $0 != "#" }.map { String($0.dropFirst().prefix { $0 != " " }) }
        #expect(keys == SettingDescription.all.map(\.key))
        #expect(Set(keys).count == keys.count && keys.count == 42)
    }

    /// The table's default is the value in force without the setting.
    @Test func aDefaultThatIsSetChangesNothing() throws {
        let defaults = try shown("")
        let settings = SettingDescription.all.filter { $0.defaultValue != nil }
        #expect(settings.count == 32)
        for setting in settings {
            #expect(try shown("\(setting.key) = \(setting.defaultValue!)") == defaults, "\(setting.key)")
        }
    }

    @Test func aDefaultThatNoValueSaysIsInWords() throws {
        let entries = SettingDescription.sampleFile.components(separatedBy: "\n\n")
        for setting in SettingDescription.all where setting.defaultValue == nil {
            let entry = try #require(entries.first { $0.trimmingCharacters(in: .newlines).hasSuffix("\n#\(setting.key) =") })
            #expect(entry.replacingOccurrences(of: "\n# ", with: " ").contains(" Default: "), "\(setting.key)")
        }
    }

    @Test func onlyTokensAreSecret() throws {
        #expect(SettingDescription.all.filter(\.isSecret).map(\.key) == ["metrics_token", "client_tokens", "database"])
        let token = "0123456789abcdef"
        let shown = try read("metrics_token = \(token)\nclient_tokens = \(token)\ncode_ttl = 5m").inForce
        #expect(!shown.contains { $0.value.contains(token) })
        #expect(shown.filter { $0.value == "(secret)" }.map(\.place) == ["f:1", "f:2"])
        #expect(shown.first { $0.key == "code_ttl" }?.value == "5m")
        #expect(shown.map(\.key) == SettingDescription.all.map(\.key))
    }

    @Test(arguments: ["mail_subject", "mail_template"]) func aRemovedSettingSaysWhatTakesItsPlace(key: String) throws {
        let reason =
            "this setting was removed: put the mail's subject and text into templates/code.txt in the state folder, "
            + "and its HTML into code.html"
        do throws(ConfigurationFault) {
            var settings = Settings()
            try settings.read(Array("\(key) = x".utf8), file: "f")
            Issue.record("\(key) is taken")
        } catch {
            #expect(error.reason == "f:1: \(key): \(reason)")
        }
        do throws(ConfigurationFault) {
            var settings = Settings()
            try settings.readVariable("LATCHKEY_\(key.uppercased())", "x")
            Issue.record("\(key) is taken")
        } catch {
            #expect(error.reason == "environment:LATCHKEY_\(key.uppercased()): \(key): \(reason)")
        }
    }
}
