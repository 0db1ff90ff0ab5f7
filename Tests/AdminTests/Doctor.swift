// What doctor's suites share: executables for it to check, and its findings, parsed.

import Foundation
import TestSupport

/// A folder of executables that do nothing, with the modes of real ones; deinit removes it.
final class Executables: Sendable {
    let path: String
    static let names = [
        "accept-invitation", "add-member", "change-email", "confirm-email", "create-api-key", "create-project",
        "current-user", "decline-invitation", "delete-api-key", "delete-project", "delete-session", "delete-user", "deliver-mail",
        "get-project", "health", "jwks", "list-api-keys", "list-invitations", "list-projects", "list-sessions",
        "metrics", "not-found", "preferences", "refresh-token", "remove-member", "revoke-other-sessions",
        "revoke-token", "rotate-api-key", "send-code", "send-deletion-code", "update-api-key", "update-member", "update-project",
        "update-user", "verify-api-key", "verify-code",
    ]

    init(of home: Home) {
        path = "\(NSTemporaryDirectory())latchkey-test-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        for name in Executables.names {
            makeFile("\(path)/\(name)", mode: 0o755)
        }
        makeFile("\(path)/latchkey.home", "\(home.path)\n", mode: 0o644)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Makes the file `path`, which must not exist.
func makeFile(_ path: String, _ text: String = "", mode: Int = 0o600) {
    let isMade = FileManager.default.createFile(
        atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
    precondition(isMade)
}

/// Gives the file at `path` the mode `mode`.
func setMode(_ path: String, _ mode: Int) {
    try! FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

extension Run {
    /// Each finding on one line, whatever the terminal's width: what doctor found, then what to do.
    var findings: [String] {
        output.replacingOccurrences(of: "\n         ", with: " ").replacingOccurrences(
            of: "20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", with: "2026-01-01 00:00:00",
            options: .regularExpression
        ).split(separator: "\n").map { String($0) }
    }

    /// The findings that are not ok, without the total and without the current time for one code: other tests keep the
    /// machine busy. DoctorThresholdCommandTests covers slow machines.
    var troubles: [String] {
        findings.dropLast().filter { !$0.hasPrefix("ok ") && !$0.hasPrefix("warning  argon2: hashing one code takes ") }
    }

    /// The findings of `check`.
    func findings(_ check: String) -> [String] {
        findings.filter { $0.dropFirst(9).hasPrefix("\(check): ") }
    }
}

extension Home {
    /// A state folder that `init` has made.
    static func initialized() -> Home {
        let home = Home()
        _ = home.admin("init")
        return home
    }
}
