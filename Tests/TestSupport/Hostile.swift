// Texts that people may send to do harm where others read them, Tests/Hostile/texts.json, and what nobody may find in
// what is shown.

import Foundation

/// A text that is meant to be obeyed, decoded or clicked.
package struct HostileText: Decodable, Sendable {
    package let name: String
    package let text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    package static let all: [HostileText] = {
        let file = URL(filePath: "\(projectFolder)/Tests/Hostile/texts.json")
        return try! JSONDecoder().decode([HostileText].self, from: Data(contentsOf: file))
    }()

    /// The text as JSON, quotes and all.
    package var json: String {
        "\"" + text.utf16.map { String(format: "\\u%04x", $0) }.joined() + "\""
    }

    /// Whether it is no name: it has control characters or turns the direction of text.
    package var isRefusedAsName: Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            default: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            }
        }
    }
}

/// Scalars of `text` that act on what shows it, but for line ends: controls, format characters, separators, and
/// characters that are ignored where they are shown.
package func acting(in text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
        if scalar == "\n" { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}

/// Scalars of `text` that a terminal or what shows JSON may obey.
package func obeyed(in text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
        if scalar == "\n" { return false }
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default:
            return [0x61C, 0x200E, 0x200F].contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
        }
    }
}

/// What some program makes a link of in `text`, or decodes: each rule is wider than what any of them has.
package func links(in text: String) -> [String] {
    let range = NSRange(location: 0, length: text.utf16.count)
    return linkPattern.matches(in: text, range: range).map { (text as NSString).substring(with: $0.range) }
}

private let linkPattern = try! NSRegularExpression(
    pattern: [
        #"[A-Za-z][A-Za-z0-9+.-]*:[^\s]"#,  // a scheme
        #"www\.\S"#,
        #"\S[@＠]\S"#,  // an address
        #"[\w\p{So}-][.。．｡․][\p{L}\p{So}_%-]"#,  // a host's name
        #"(?<![\d.])\d+\.\d+\.\d+\.\d+"#,  // a network address
        #"//\S"#, #"\\\\\S"#,
        #"=\?"#,  // an encoded word
    ].joined(separator: "|"))

/// A header field that a rule reads, of Tests/Hostile/headers.json, with two values.
package struct DecidingField: Decodable, Sendable {
    package let field: String
    package let value: String
    package let other: String
    /// What the answer says if it is there twice.
    package let code: String

    /// The meta-variable.
    package var variable: String {
        let name = field.uppercased().replacingOccurrences(of: "-", with: "_")
        return name.hasPrefix("CONTENT_") ? name : "HTTP_\(name)"
    }

    package static let all: [DecidingField] = {
        let file = URL(filePath: "\(projectFolder)/Tests/Hostile/headers.json")
        return try! JSONDecoder().decode([DecidingField].self, from: Data(contentsOf: file))
    }()
}
