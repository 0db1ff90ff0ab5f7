// Hostile texts from Tests/Hostile/texts.json, meant to harm other readers, and what shown text must not contain.

import Foundation

/// A text that a program might obey, decode or make clickable.
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

    /// The text as JSON, with its quotes.
    package var json: String {
        "\"" + text.utf16.map { String(format: "\\u%04x", $0) }.joined() + "\""
    }

    /// Whether it is refused as a name: it has control characters or changes the direction of text.
    package var isRefusedAsName: Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            default: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            }
        }
    }
}

/// Scalars of `text` that affect a display, except line ends: controls, format characters, separators, and characters that
/// displays ignore.
package func acting(in text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
        if scalar == "\n" { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}

/// Scalars of `text` that a terminal or a JSON viewer may obey.
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

/// What some program turns into a link in `text`, or decodes: each rule is wider than any program's.
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

/// A header field that a rule reads, from Tests/Hostile/headers.json, with two values.
package struct DecidingField: Decodable, Sendable {
    package let field: String
    package let value: String
    package let other: String
    /// The error code of the answer if the field occurs twice.
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
