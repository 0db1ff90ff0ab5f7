// What a new installation and a backup are made of: the database is a file, and so are the token keys.

import Auth
import Cryptography
import Platform
import Store

extension Operations {
    /// The path of the current signing key.
    func signingKeyPlace() throws(AuthError) -> String { state.keyPath(try state.signingKey().publicKey.id) }

    /// The path of the database.
    func databasePlace() throws(AuthError) -> String { state.databasePath }

    /// Writes a whole copy of the database to the new file `path`.
    func copyDatabase(
        _ database: Database, to path: String, report: @escaping ProgressReport
    ) throws(AuthError) {
        try Schema.copy(database, to: path, report: report)
    }

    /// A consistent copy of the secret, the signing keys and the settings: no restore or rotation is running, nor has
    /// run since `database` was opened.
    func smallFiles(of database: Database) throws(AuthError) -> [(name: String, bytes: [UInt8])] {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        guard try database.isCurrent() else {
            throw .unavailable(reason: "the state was replaced during the backup: run it again")
        }
        return try onFiles { () throws(SystemError) in
            var names = ["secret.key"]
            names += try File.names(in: state.keysPath).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "keys/\($0)" }
            if try File.status(state.settingsPath) != nil { names.append("latchkey.conf") }
            var files: [(name: String, bytes: [UInt8])] = []
            for name in names {
                guard let limit = Operations.largestSize(ofBackedUp: name) else { continue }
                // Read one byte more, to detect a file that is too long.
                let extra = name.isSame(as: "keys/current") ? 0 : 1
                files.append((name, try File.read("\(state.path)/\(name)", limit: limit + extra)))
            }
            return files
        }
    }
}
