// The parts of a new installation and of a backup. The database is on a server, and the token keys are in it. A backup has the
// same files in both stores, so either can restore it.

import Auth
import Cryptography
import Platform
import Store

extension Operations {
    /// The id of the current signing key, which is in the database.
    func signingKeyPlace() throws(AuthError) -> String { try auth.tokenKeyRing().signingKey().publicKey.id }

    /// The database's name and host.
    func databasePlace() throws(AuthError) -> String { try database().place }

    /// Writes one snapshot of the whole database to the new SQLite file `path`.
    func copyDatabase(
        _ database: Database, to path: String, report: @escaping ProgressReport
    ) throws(AuthError) {
        try database.writeRows(toFile: path, report: report)
    }

    /// The secret, the token keys, and the settings without those that begin with `database`. Throws `unavailable` if a restore
    /// or a rotation has run since `database` was opened.
    func smallFiles(of database: Database) throws(AuthError) -> [(name: String, bytes: [UInt8])] {
        let secret = try state.secret()
        var files: [(name: String, bytes: [UInt8])] = [("secret.key", secret)]
        let ring = try auth.tokenKeyRing()
        _ = try ring.signingKey()
        // One snapshot: between two reads a rotation may remove the key that signed.
        for file in try database.read({ () throws(AuthError) in try ring.files() }) {
            files.append(("keys/\(file.id).key", file.key.bytes))
            if let end = file.end {
                files.append(("keys/\(file.id).end", Array(String(end.milliseconds).utf8)))
            } else {
                files.append(("keys/current", Array(file.id.utf8)))
            }
        }
        let settings = try onFiles { () throws(SystemError) -> [UInt8]? in
            try File.status(state.settingsPath) == nil ? nil : try File.read(state.settingsPath, limit: 65537)
        }
        if let settings { files.append(("latchkey.conf", Operations.withoutDatabase(settings))) }
        guard try database.isCurrent() else {
            throw .unavailable(reason: "the state was replaced during the backup: run it again")
        }
        return files
    }

    /// The settings `text` without those that begin with `database`.
    static func withoutDatabase(_ text: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        for line in text.split(separator: 10, omittingEmptySubsequences: false) {
            let words = line.drop { $0 == 32 || $0 == 9 }
            if words.starts(with: "database".utf8) { continue }
            kept += line + [10]
        }
        // The last line ends as before.
        if !kept.isEmpty { kept.removeLast() }
        return kept
    }
}
