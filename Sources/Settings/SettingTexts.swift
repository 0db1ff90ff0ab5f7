// Texts from the table of settings: the current values, the sample file, and the table in docs/configuration.md. Only
// `latchkey` and `make settings` use this; no endpoint contains it.

import Platform

/// The current value of one setting.
package struct SettingInForce {
    /// The setting's name in the settings file, such as `code_ttl`.
    package let key: String
    /// As written, or the default. A secret is hidden.
    package let value: String
    /// `default`, `file:line`, or `environment:NAME`.
    package let place: String
}

extension Settings {
    /// Every setting, in the table's order.
    package var inForce: [SettingInForce] {
        SettingDescription.all.map { setting in
            guard let given = given.last(where: { $0.key.isSame(as: setting.key) }) else {
                return SettingInForce(key: setting.key, value: setting.plainDefault, place: "default")
            }
            return SettingInForce(
                key: setting.key, value: setting.isSecret ? "(secret)" : given.value, place: given.place.text)
        }
    }
}

/// What the table says about a setting.
package struct SettingDescription {
    /// The setting's name in the settings file, such as `code_ttl`.
    package let key: String
    let standard: SettingDefault
    /// Markdown, like the words of a default.
    package let sentence: String
    /// Whether `latchkey settings` hides its value.
    package let isSecret: Bool

    /// Every setting, in the table's order.
    package static var all: [SettingDescription] {
        var collection = Collection()
        Settings.readTable(by: &collection)
        return collection.settings
    }

    /// The default as the file accepts it; nil if no value can express it.
    package var defaultValue: String? {
        if case .value(let value) = standard { value } else { nil }
    }

    /// The default without Markdown.
    fileprivate var plainDefault: String {
        switch standard {
        case .value(let value): value
        case .words(let words): String(decoding: words.utf8.filter { $0 != UInt8(ascii: "`") }, as: UTF8.self)
        }
    }

    private struct Collection: SettingReader {
        var settings: [SettingDescription] = []

        mutating func setting<Value>(
            _ key: String, default standard: SettingDefault, _: @autoclosure () -> SettingForm<Value>, isSecret: Bool,
            _ sentence: String, store _: @escaping (inout Settings, Value) -> Void
        ) {
            settings.append(SettingDescription(key: key, standard: standard, sentence: sentence, isSecret: isSecret))
        }
    }
}

extension SettingDescription {
    /// `latchkey.conf` with every setting commented out: samples/latchkey.conf, and what `latchkey init` writes.
    package static var sampleFile: String {
        var lines = [
            "# Latchkey's settings with their defaults. To change one, remove its # and edit the value.", "#",
            "# This file is latchkey.conf in the state folder. A variable LATCHKEY_<KEY> in the environment of",
            "# the executables overrides it. `latchkey settings` lists the current values, and `latchkey doctor`",
            "# checks them.",
        ]
        for setting in all {
            lines.append("")
            switch setting.standard {
            case .value: lines += commented(setting.sentence)
            case .words(let words): lines += commented("\(setting.sentence) Default: \(words).")
            }
            lines.append(setting.defaultValue.map { "#\(setting.key) = \($0)" } ?? "#\(setting.key) =")
        }
        return lines.map { "\($0)\n" }.joined()
    }

    /// The rows of the table in docs/configuration.md, with its header.
    package static var markdownTable: [String] {
        ["| key | default | |", "|---|---|---|"]
            + all.map { setting in
                switch setting.standard {
                case .value(let value): "| `\(setting.key)` | `\(value)` | \(setting.sentence) |"
                case .words(let words): "| `\(setting.key)` | \(words) | \(setting.sentence) |"
                }
            }
    }

    /// `text` as lines of a comment, of at most 100 characters.
    private static func commented(_ text: String) -> [String] {
        var lines: [String] = []
        var line = "#"
        for word in text.utf8.split(separator: 0x20).map({ String(Substring($0)) }) {
            if line.utf8.count + 1 + word.utf8.count > 100 {
                lines.append(line)
                line = "#"
            }
            line += " \(word)"
        }
        return lines + [line]
    }
}
