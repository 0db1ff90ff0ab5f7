// The database and the files beside it: made, brought forward, copied.

import Crypto
import System

/// Where a service's state lies.
package struct Installation {
    /// Whether it was made just now.
    package let isNew: Bool
    package let folder: String
    package let settings: String
    package let secret: String
    package let signingKey: String
    package let database: String
}

extension Auth {
    /// Makes what the state folder lacks: secret, signing key and database.
    ///
    /// Throws `failure` if the secret is missing beside a database.
    package func initialize() throws(AuthError) -> Installation {
        let isNew = !state.isThere
        _ = try database()
        _ = try secrets()
        return Installation(
            isNew: isNew, folder: state.path, settings: state.settingsPath, secret: state.secretPath,
            signingKey: state.keyPath(try state.signingKey().publicKey.id), database: state.databasePath)
    }

    /// Brings the database to this executable's schema, and makes it if need be; the schema's number.
    package func migrate() throws(AuthError) -> Int64 {
        try Schema.version(of: try database())
    }

    /// Writes the database, the secret, the signing keys and the settings into the one file `path`, a POSIX
    /// archive that is its owner's alone. What was there is replaced in one step, once the copy has been found
    /// whole and is durable; how many files are in it.
    ///
    /// Throws `failure` if the service has not been initialized, or the copy of the database is damaged.
    package func backUp(to path: String, report: @escaping ProgressReport = { _, _ in }) throws(AuthError) -> Int {
        guard state.isThere else { throw .failure(reason: "there is no database in \(state.path)") }
        _ = try secrets()
        let database = try database()
        let copy = "\(state.path)/backup.\(UUID.random().text)"
        defer { for suffix in ["", "-journal", "-wal", "-shm"] { File.remove(copy + suffix) } }
        try Schema.copy(database, to: copy, report: report)
        report("checking", 0)
        if let fault = try Schema.fault(inCopy: copy) {
            throw .failure(reason: "the copy of the database is damaged: \(fault)")
        }
        do throws(SystemError) {
            return try archive(copy, to: path)
        } catch {
            throw AuthError(error)
        }
    }

    private func archive(_ copy: String, to path: String) throws(SystemError) -> Int {
        let temporary = "\(path).\(UUID.random().text)"
        defer { File.remove(temporary) }
        let archive = try Archive(making: temporary, at: now)
        try archive.add("latchkey.db", file: copy)
        try archive.add("secret.key", file: state.secretPath)
        for name in try File.names(in: state.keysPath).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where name.isSame(as: "current")
            || [".key", ".end"].contains(where: { name.utf8.suffix(4).elementsEqual($0.utf8) })
        {
            try archive.add("keys/\(name)", file: "\(state.keysPath)/\(name)")
        }
        if try File.status(state.settingsPath) != nil {
            try archive.add("latchkey.conf", file: state.settingsPath)
        }
        try archive.finish()
        try File.rename(temporary, to: path)
        try File.syncFolder(File.parent(of: path))
        return archive.count
    }
}
