// The state folder: settings, database, secret key, signing keys, mail.
//
// 1. It is the owner's alone (0700, files 0600) and lies outside every web root, unless the operator
//    says otherwise in so many words.
// 2. What is made on first use is made whole under another name and then linked: of two first
//    requests one wins, and both go on with the winner's.
// 3. A secret key that is missing beside a database is an error. A new one would silently end every
//    session, and hide that something was lost.

package import Crypto
import System

/// A state folder whose place and modes have been judged.
package struct StateFolder {
    /// Its absolute path, every link resolved.
    package let path: String

    package var settingsPath: String { "\(path)/\(StateFolder.settingsName)" }
    package static var settingsName: String { "latchkey.conf" }
    package var logPath: String { "\(path)/latchkey.log" }
    package var mailPath: String { "\(path)/mail" }
    var databasePath: String { "\(path)/latchkey.db" }
    var migrationLockPath: String { "\(path)/migration.lock" }
    var writingLockPath: String { "\(path)/writing.lock" }
    var deliveryLockPath: String { "\(path)/delivery.lock" }
    var deliverersLockPath: String { "\(path)/deliverers.lock" }
    var hashingLockPath: String { "\(path)/argon2.lock" }
    var secretPath: String { "\(path)/secret.key" }
    var keysPath: String { "\(path)/keys" }
    var currentKeyPath: String { "\(keysPath)/current" }
    var replacementLockPath: String { "\(path)/replacement.lock" }

    /// Opens the folder at `path`, and makes it, and its parents, if need be. Refuses one that is
    /// another user's, or open to others.
    package init(at path: String) throws(StateFault) {
        let status: FileStatus?
        do throws(SystemError) {
            if try File.status(path) == nil { try StateFolder.create(path) }
            self.path = try File.resolve(path)
            status = try File.status(self.path)
        } catch {
            throw .init(reason: error.description)
        }
        guard let status, status.isFolder else { throw .init(reason: "\(path) is not a folder") }
        guard status.owner == Environment.effectiveUser else {
            throw .init(reason: "\(path) belongs to another user")
        }
        guard !status.isOpenToOthers else {
            throw .init(reason: "\(path) is open to other users; chmod 700 closes it")
        }
    }

    private static func create(_ path: String) throws(SystemError) {
        let parent = File.parent(of: path)
        if try File.status(parent) == nil { try create(parent) }
        guard try File.createFolder(path) else { return }
        try? File.create("\(path)/.htaccess", Array("Require all denied\n".utf8))
    }

    /// Refuses a folder that a web server may serve: one that is, or lies below, `documentRoot` or a
    /// folder called `public_html`, `www` or `htdocs`.
    package func refuseWebRoot(documentRoot: String?) throws(StateFault) {
        if let documentRoot, let root = try? File.resolve(documentRoot),
            path.isSame(as: root)
                || path.utf8.starts(with: (root.isSame(as: "/") ? "/" : "\(root)/").utf8)
        {
            throw .init(reason: "\(path) lies in the web root \(root)" + StateFolder.remedy)
        }
        for component in path.utf8.split(separator: UInt8(ascii: "/"))
        where ["public_html", "www", "htdocs"].contains(where: { component.elementsEqual($0.utf8) }) {
            throw .init(
                reason: "\(path) lies below \(String(Substring(component))), which is served as a web root"
                    + StateFolder.remedy)
        }
    }

    private static let remedy =
        "; move it, or set allow_state_in_web_root = yes"

    /// Makes what a new installation needs, before there is a database.
    func prepare() throws(AuthError) {
        guard try isNew() else { return }
        do throws(SystemError) {
            try createOnce(secretPath, Random.bytes(32))
        } catch {
            throw AuthError(error)
        }
        _ = try signingKey()
    }

    /// Whether the folder and its database have not been taken away.
    package var isThere: Bool { (try? isNew()) == false }

    /// Whether there is no database yet.
    private func isNew() throws(AuthError) -> Bool {
        do throws(SystemError) {
            guard let status = try File.status(databasePath) else { return true }
            return status.size == 0
        } catch {
            throw AuthError(error)
        }
    }

    /// The 32 bytes that codes, peppers and refresh tokens are derived from.
    func secret() throws(AuthError) -> [UInt8] {
        try prepare()
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(secretPath, limit: 33)
        } catch {
            guard error.isAbsent else { throw AuthError(error) }
            throw .failure(reason: "\(secretPath) is missing beside a database: restore it")
        }
        guard bytes.count == 32 else {
            throw .failure(reason: "\(secretPath) does not hold 32 bytes")
        }
        return bytes
    }

    /// The key that signs access tokens now. Made if there is none.
    func signingKey() throws(AuthError) -> ES256PrivateKey {
        // Between the two reads another may have become the one that signs, and this one have gone.
        for _ in 0..<3 {
            do throws(SystemError) {
                return try key(named: currentKeyID())
            } catch {
                guard error.isAbsent else { throw AuthError(error) }
            }
        }
        do throws(SystemError) {
            if try File.createFolder(keysPath) { try File.syncFolder(path) }
            let key = ES256PrivateKey.random()
            try createOnce(keyPath(key.publicKey.id), key.bytes)
            if try !createOnce(currentKeyPath, Array(key.publicKey.id.utf8)) {
                File.remove(keyPath(key.publicKey.id))
            }
            return try self.key(named: currentKeyID())
        } catch {
            throw AuthError(error)
        }
    }

    /// The signing key of the id `id`, also if it signs no more; nil if there is none of ours.
    func tokenKey(_ id: String) throws(AuthError) -> ES256PrivateKey? {
        let isName = id.utf8.allSatisfy {
            $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_")
        }
        guard isName else { return nil }
        do throws(SystemError) {
            return ES256PrivateKey(bytes: try File.read(keyPath(id), limit: 97))
        } catch {
            if error.isAbsent { return nil }
            throw AuthError(error)
        }
    }

    /// Every public key whose tokens are still taken, by its id. There is one at least.
    package func verificationKeys() throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        _ = try signingKey()
        var keys: [(id: String, key: ES256PublicKey)] = []
        for id in try keyIDs() {
            if let key = try tokenKey(id) { keys.append((id, key.publicKey)) }
        }
        return keys
    }

    /// The ids of all signing keys, also of those that sign no more, in order.
    func keyIDs() throws(AuthError) -> [String] {
        do throws(SystemError) {
            return try File.names(in: keysPath)
                .filter { $0.utf8.count == 47 && $0.utf8.suffix(4).elementsEqual(".key".utf8) }
                .map { String(decoding: $0.utf8.dropLast(4), as: UTF8.self) }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw AuthError(error)
        }
    }

    func keyPath(_ id: String) -> String { "\(keysPath)/\(id).key" }

    func currentKeyID() throws(SystemError) -> String {
        String(decoding: try File.read(currentKeyPath, limit: 43), as: UTF8.self)
    }

    private func key(named id: String) throws(SystemError) -> ES256PrivateKey {
        let path = keyPath(id)
        guard let key = ES256PrivateKey(bytes: try File.read(path, limit: 97)),
            key.publicKey.id.isSame(as: id)
        else { throw .damaged(path) }
        return key
    }

    /// Makes the file `path` with `bytes`, durably and in one step; false if there was one already.
    @discardableResult
    func createOnce(_ path: String, _ bytes: [UInt8]) throws(SystemError) -> Bool {
        let temporary = "\(path).\(UUID.random().text)"
        try File.create(temporary, bytes)
        defer { File.remove(temporary) }
        do throws(SystemError) {
            try File.link(temporary, as: path)
        } catch {
            if error.isTaken { return false }
            throw error
        }
        try File.syncFolder(File.parent(of: path))
        return true
    }

    /// Makes the file `path` hold `bytes`, durably and in one step.
    func replace(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let temporary = "\(path).\(UUID.random().text)"
        try File.create(temporary, bytes)
        defer { File.remove(temporary) }
        try File.rename(temporary, to: path)
        try File.syncFolder(File.parent(of: path))
    }
}

/// Why a state folder is not used: a sentence for the operator.
package struct StateFault: Error {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}
