// Runs the command as an operator does, on state that the release executables made.

import Foundation
import TestSupport
import Testing

/// How a run of the command ended.
struct Run {
    let code: Int32
    /// Its output, with everything that differs between runs replaced.
    let output: String
    let errors: String
}

/// The command from the tests' build.
private let command = "\(projectFolder)/.build/debug/latchkey"

/// Runs the command with only `variables`.
func latchkey(_ arguments: [String], _ variables: [String: String] = [:]) -> (Int32, String, String) {
    let result = Program(command, arguments, environment: variables).finish()
    return (result.exitCode, String(decoding: result.output, as: UTF8.self), result.errors)
}

extension Home {
    /// Runs the command on this state folder.
    func admin(_ arguments: String..., variables: [String: String] = [:]) -> Run {
        let all = ["LATCHKEY_HOME": path].merging(variables) { $1 }
        let (code, output, errors) = latchkey(arguments, all)
        return Run(code: code, output: steady(output), errors: steady(errors))
    }

    /// `text` with one id, one time, one key and HOME in place of every id, time, key prefix and this folder.
    func steady(_ text: String) -> String {
        var text = text.replacingOccurrences(of: path, with: "HOME")
        for (pattern, replacement) in [
            ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", anID),
            ("  [0-9a-f]{8}  ", "  00000000  "),
            ("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z", "2026-01-01T00:00:00.000Z"),
            ("20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "2026-01-01 00:00:00"),
            ("20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", "2026-01-01 00:00"),
            ("keys/[A-Za-z0-9_-]{43}\\.key", "keys/ID.key"),
        ] {
            text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
        }
        return text
    }

    /// Where `withBackup` puts the backup: next to this folder.
    var backup: String { "\(path).tar" }

    /// Runs `body` with a backup of this folder, then removes the backup.
    func withBackup(_ body: (String) throws -> Void) rethrows {
        let run = admin("backup", backup)
        #expect(run.code == 0, "\(run.errors)")
        defer { try? FileManager.default.removeItem(atPath: backup) }
        try body(backup)
    }

    /// Whether only its owner can access `file`.
    func isPrivate(_ file: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(file)")
        return (attributes?[.posixPermissions] as? Int) == 0o600
    }
}

/// Replaces every id in shown text.
let anID = "00000000-0000-0000-0000-000000000000"

/// Lines of `text` that are wider than a terminal of 80 columns.
func wideLines(of text: String) -> [String] {
    text.split(separator: "\n").map { String($0) }.filter { $0.unicodeScalars.count > 80 }
}
