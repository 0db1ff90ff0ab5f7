// The format of results: tables, blocks of names and values, JSON.
//
// What is displayed can be typed back: nothing is cut, except names that people chose and no command accepts. So a
// line may be longer than 80 columns.

import CGI
import JSON
import Platform

/// Rows under headings. A column has its stated width, or that of its longest cell.
struct Table {
    /// The heading and width of each column except the last.
    let columns: [(heading: String, width: Int)]
    /// The last column's heading.
    let last: String
    /// Whether the last column only gets the rest of 80 columns; longer text ends in "…".
    var cutsLast = false
    var rows: [[String]] = []

    static let width = 80

    var text: String {
        let rows = rows.map { $0.map(printable) }
        let widths = columns.indices.map { index in
            rows.reduce(columns[index].width) { max($0, displayWidth($1[index])) }
        }
        return ([columns.map(\.heading) + [last]] + rows).map { "\(line($0, widths))\n" }.joined()
    }

    private func line(_ row: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(row, widths) {
            line += cell + String(repeating: " ", count: width - displayWidth(cell) + 2)
        }
        let left = Table.width - widths.reduce(0) { $0 + $1 + 2 }
        line += cutsLast ? cut(row[row.count - 1], to: max(left, 20)) : row[row.count - 1]
        while line.utf8.last == 0x20 { line.unicodeScalars.removeLast() }
        return line
    }

    private func cut(_ cell: String, to width: Int) -> String {
        if displayWidth(cell) <= width { return cell }
        var text = String.UnicodeScalarView()
        var used = 0
        for scalar in cell.unicodeScalars {
            let next = displayWidth(String(scalar))
            if used + next > width - 1 { break }
            text.append(scalar)
            used += next
        }
        return String(text) + "…"
    }
}

/// `name  value` lines, with aligned values.
func block(_ pairs: [(name: String, value: String)]) -> String {
    let width = pairs.map { $0.name.utf8.count }.max() ?? 0
    return pairs.map { pair in
        let space = String(repeating: " ", count: width + 2 - pair.name.utf8.count)
        return "\(pair.name)\(space)\(printable(pair.value))\n"
    }.joined()
}

/// `text` without anything that could move a terminal's cursor or change the direction of text.
func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: result.append("?")
        default: result.append(scalar)
        }
    }
    return String(result)
}

/// How many columns `text` takes in a terminal: two for East Asian scripts and emoji, none for combining marks.
private func displayWidth(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { width, scalar in
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: width
        default:
            switch scalar.value {
            case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
                0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
                width + 2
            default: width + 1
            }
        }
    }
}

/// Writes `text` to standard output.
func show(_ text: String) throws(CommandError) {
    try show(Array(text.utf8))
}

/// Writes one JSON value and a line end to standard output.
func showJSON(_ body: (inout JSONWriter) -> Void) throws(CommandError) {
    var json = JSONWriter()
    body(&json)
    try show(json.bytes + [0x0A])
}

/// Writes `[ … ]` with what `body` writes for each of `items`.
func showJSON<T>(_ items: [T], _ body: (inout JSONWriter, T) -> Void) throws(CommandError) {
    try showJSON { json in
        json.array { json in
            for item in items { body(&json, item) }
        }
    }
}

private func show(_ bytes: [UInt8]) throws(CommandError) {
    do throws(SystemError) {
        try Descriptor.standardOutput.write(bytes)
    } catch {
        throw .failed(error.description)
    }
}

/// `1 session`, `2 sessions`.
func counted(_ count: Int, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
}

extension Timestamp {
    /// `2026-11-24 19:41`, for a table.
    var minutes: String { spaced(16) }
    /// `2026-11-24 19:41:07`.
    var seconds: String { spaced(19) }

    private func spaced(_ count: Int) -> String {
        var text = Array(text.utf8.prefix(count))
        text[10] = 0x20
        return String(decoding: text, as: UTF8.self)
    }
}

extension JSONWriter {
    /// A member with a moment (RFC 3339); null for nil.
    mutating func member(_ name: StaticString, _ time: Timestamp?) {
        member(name, time?.text)
    }
}

/// The progress of long work: one line on standard error, rewritten in place, if that is a terminal. Later output
/// replaces it.
final class Progress {
    private let isShown = Descriptor.standardError.isTerminal
    private var last = ""

    /// `copying 42%`.
    func show(_ what: StaticString, _ percent: Int) {
        if isShown { show("\(what) \(percent)%") }
    }

    func show(_ text: String) {
        guard isShown, text != last else { return }
        last = text
        try? Descriptor.standardError.write(Array("\r\(text)\u{1B}[K".utf8))
    }

    /// Removes the line.
    func end() {
        guard !last.isEmpty else { return }
        last = ""
        try? Descriptor.standardError.write(Array("\r\u{1B}[K".utf8))
    }

    deinit {
        end()
    }
}
