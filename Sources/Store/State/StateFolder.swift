// The state folder: settings, database, secret key, signing keys, mail.
//
// 1. It belongs to its owner alone (0700, files 0600) and is outside every web root, unless the operator explicitly says
//    otherwise.
// 2. What the first use creates is written whole under another name and then linked: of two first requests one wins, and
//    both continue with the winner's.
// 3. A secret key that is missing beside a database is an error. A new one would silently end every session, and hide the
//    loss. Lost state is an error too: a request creates state only where there never was any. What there is differs by
//    store: OnSQLite/ or OnPostgreSQL/ knows it.
// 4. A signing key is created with the state, or if there is none.
// 5. Every temporary name is made here, so that doctor and clean-up recognize what a killed process left.

package import Cryptography
package import Platform

/// A state folder whose place and modes were checked.
package struct StateFolder {
    /// Its absolute path, with every link resolved.
    package let path: String
    /// The path as given.
    let name: String
    let making: Making

    /// Who creates missing state.
    package enum Making: Sendable {
        /// A command that asks for it: `latchkey init`, `latchkey restore`.
        case always
        /// A request, if the installation is new: no mark says that it had state.
        case ifNew
        /// The same, but only if nothing names the folder: someone who named another one may have lost it.
        case ifNewAndUnnamed
        /// Nobody: the process needs existing state.
        case never
    }

    /// Settings, as lines `key = value`; the file is optional.
    package var settingsPath: String { "\(path)/\(StateFolder.settingsName)" }
    /// The name of the settings file in the state folder.
    package static var settingsName: String { "latchkey.conf" }
    /// The log of mail deliveries.
    package var logPath: String { "\(path)/latchkey.log" }
    /// The maildir for mail if there is no mail command (cr.yp.to/proto/maildir.html).
    package var mailPath: String { "\(path)/mail" }
    /// The SQLite database. Its WAL and shared memory, or its journal, are beside it.
    package var databasePath: String { "\(path)/latchkey.db" }
    /// `FileLock` of the process that migrates the database.
    package var migrationLockPath: String { "\(path)/migration.lock" }
    /// `FileLock` on which writers of the database queue, in WAL mode.
    package var writingLockPath: String { "\(path)/writing.lock" }
    /// `FileLock` of the one process that waits to retry mails.
    package var deliveryLockPath: String { "\(path)/delivery.lock" }
    /// `SlotLock` of the processes that send mail; `deliverers` sets their number.
    package var deliverersLockPath: String { "\(path)/deliverers.lock" }
    /// `SlotLock` of the processes that hash a code; `argon2_slots` sets their number.
    package var hashingLockPath: String { "\(path)/argon2.lock" }
    /// The 32 bytes of `secret`.
    package var secretPath: String { "\(path)/secret.key" }
    /// The folder of the keys that sign access tokens, or used to.
    package var keysPath: String { "\(path)/keys" }
    /// The file with the id of the signing key, 43 bytes.
    package var currentKeyPath: String { "\(keysPath)/current" }
    /// `FileLock` of a restore or a rotation of the secret.
    package var replacementLockPath: String { "\(path)/replacement.lock" }
    /// `FileLock` of a backup.
    package var backupLockPath: String { "\(path)/backup.lock" }

    /// Opens the folder at `path`, and creates it and its parents if there is none and `making` allows it. Refuses a folder
    /// that another user owns, or that is open to others.
    package init(at path: String, making: Making = .always) throws(StateFault) {
        name = path
        self.making = making
        let isThere: Bool
        do throws(SystemError) {
            isThere = try File.status(path) != nil
        } catch {
            throw .init(error)
        }
        if !isThere {
            switch making {
            case .never: throw StateFolder.absence(of: path, "does not exist")
            case .ifNew, .ifNewAndUnnamed: try StateFolder.refuseIfGone(from: path, making)
            case .always: break
            }
        }
        let status: FileStatus?
        do throws(SystemError) {
            if !isThere { try StateFolder.create(path) }
            self.path = try File.resolve(path)
            status = try File.status(self.path)
        } catch {
            throw .init(error)
        }
        guard let status, status.isFolder else { throw .init(reason: "\(path) is not a folder") }
        guard status.owner == Environment.effectiveUser else {
            throw .init(reason: "\(path) belongs to another user")
        }
        guard !status.isOpenToOthers else {
            throw .init(reason: "other users can access \(path); run chmod 700 on it")
        }
    }

    private static func create(_ path: String) throws(SystemError) {
        let parent = File.parent(of: path)
        if try File.status(parent) == nil { try create(parent) }
        guard try File.createFolder(path) else { return }
        try? File.create("\(path)/.htaccess", Array("Require all denied\n".utf8))
    }

    /// Refuses a folder that a web server may serve: `documentRoot` or a folder called `public_html`, `www` or `htdocs`, or
    /// any folder below one.
    package func refuseWebRoot(documentRoot: String?) throws(StateFault) {
        if let documentRoot, let root = try? File.resolve(documentRoot),
            path.isSame(as: root)
                || path.utf8.starts(with: (root.isSame(as: "/") ? "/" : "\(root)/").utf8)
        {
            throw .init(reason: "\(path) is in the web root \(root)" + StateFolder.remedy)
        }
        for component in path.utf8.split(separator: UInt8(ascii: "/"))
        where ["public_html", "www", "htdocs"].contains(where: { component.elementsEqual($0.utf8) }) {
            throw .init(
                reason: "\(path) is in a folder called \(String(Substring(component))), which web servers usually serve"
                    + StateFolder.remedy)
        }
    }

    private static let remedy =
        "; move it, or set allow_state_in_web_root = yes"

    /// Throws if a request must not create state at `path`: there was some, or nothing names that folder and the
    /// executables have worked on another.
    static func refuseIfGone(from path: String, _ making: Making) throws(StateFault) {
        let mark = StateMark(of: path)
        if mark.place(among: mark.places(executables: ownFolder)) != nil { throw StateFault(goneFrom: path) }
        guard case .ifNewAndUnnamed = making, let folder = ownFolder, let other = StateMark.last(beside: folder) else { return }
        throw StateFault(unnamed: path, other: other)
    }

    /// Why a command finds no state at `path`, which does not exist or has no database: `what`.
    package static func absence(of path: String, _ what: String) -> StateFault {
        let mark = StateMark(of: path)
        // The operator's command may be beside the executables' folder, or above it.
        let own = ownFolder ?? "."
        for folder in [own, "\(own)/cgi-bin", "\(File.parent(of: own))/cgi-bin"]
        where mark.place(among: mark.places(executables: folder)) != nil {
            return StateFault(goneFrom: path)
        }
        return StateFault(reason: "\(path) \(what); latchkey init creates it")
    }

    /// Notes outside the folder that it has a database, if that is not noted yet: beside the executables in the folder
    /// `executables`, or wherever else a request looks. Returns that place; nil if none can be written.
    @discardableResult
    package func noteMade(executables: String?) -> String? {
        let mark = StateMark(of: name)
        let places = mark.places(executables: executables)
        mark.removeLeftovers(beside: places)
        return mark.note(in: places)
    }

    /// The same, by an executable that answers requests. Only these find what is beside them.
    package func noteMade() {
        switch making {
        case .ifNew, .ifNewAndUnnamed: break
        case .always, .never: return
        }
        let mark = StateMark(of: name)
        mark.note(in: mark.places(executables: ownFolder))
    }

    /// The current signing key of access tokens. Created if there is none.
    package func signingKey() throws(AuthError) -> ES256PrivateKey {
        // Between the two reads, another key may become the signing key, and this one may be removed.
        for _ in 0..<3 {
            do throws(SystemError) {
                return try key(named: currentKeyID())
            } catch {
                guard error.isAbsent else { throw AuthError(error) }
            }
        }
        // Not if all of the state is gone.
        try prepare()
        return try madeSigningKey()
    }

    /// The signing key, created unless another request has just done so.
    func madeSigningKey() throws(AuthError) -> ES256PrivateKey {
        do throws(SystemError) {
            if try File.createFolder(keysPath) { try File.syncFolder(path) }
            let key = ES256PrivateKey.random()
            try createOnce(keyPath(key.publicKey.id), key.bytes)
            if try !createOnce(currentKeyPath, Array(key.publicKey.id.utf8)) {
                try File.delete(keyPath(key.publicKey.id))
            }
            return try self.key(named: currentKeyID())
        } catch {
            throw AuthError(error)
        }
    }

    /// The signing key `id`, if its tokens are accepted at `now`: it signs, or it used to and has not ended; otherwise nil.
    package func tokenKey(_ id: String, at now: Timestamp) throws(AuthError) -> ES256PrivateKey? {
        switch try status(ofKey: id) {
        case .signs: try wholeKey(id)
        case .until(let end): isGood(until: end, at: now) ? try wholeKey(id) : nil
        case .ended: nil
        }
    }

    private func wholeKey(_ id: String) throws(AuthError) -> ES256PrivateKey? {
        guard isKeyID(id) else { return nil }
        do throws(SystemError) {
            return ES256PrivateKey(bytes: try File.read(keyPath(id), limit: 97))
        } catch {
            if error.isAbsent { return nil }
            throw AuthError(error)
        }
    }

    /// Whether `id` can be a key's id, and so part of a file's name.
    package func isKeyID(_ id: String) -> Bool {
        id.utf8.allSatisfy {
            $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }

    /// Every public key whose tokens are still accepted, by its id. There is at least one.
    package func verificationKeys(at now: Timestamp) throws(AuthError) -> [(id: String, key: ES256PublicKey)] {
        _ = try signingKey()
        var keys: [(id: String, key: ES256PublicKey)] = []
        for id in try keyIDs() {
            if let key = try tokenKey(id, at: now) { keys.append((id, key.publicKey)) }
        }
        return keys
    }

    /// The sorted ids of all signing keys, including old ones.
    package func keyIDs() throws(AuthError) -> [String] { try ids(ofFiles: ".key") }

    /// The ids of removed keys whose end is still noted.
    package func endedKeyIDs() throws(AuthError) -> [String] {
        let keys = try keyIDs()
        return try ids(ofFiles: ".end").filter { id in !keys.contains { $0.isSame(as: id) } }
    }

    /// The ids of the files in the key folder whose names end in `end`, four bytes.
    private func ids(ofFiles end: String) throws(AuthError) -> [String] {
        do throws(SystemError) {
            return try File.names(in: keysPath)
                .filter { $0.utf8.count == 47 && $0.utf8.suffix(4).elementsEqual(end.utf8) }
                .map { String(decoding: $0.utf8.dropLast(4), as: UTF8.self) }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw AuthError(error)
        }
    }

    /// The file of the signing key `id`, 96 bytes; it may not exist.
    package func keyPath(_ id: String) -> String { "\(keysPath)/\(id).key" }

    /// The id of the signing key, from `keys/current`. Throws if that cannot be read.
    package func currentKeyID() throws(SystemError) -> String {
        String(decoding: try File.read(currentKeyPath, limit: 43), as: UTF8.self)
    }

    /// The signing key `id`. Throws if its file cannot be read, and `damaged` if it holds no key, or another one.
    package func key(named id: String) throws(SystemError) -> ES256PrivateKey {
        let path = keyPath(id)
        guard let key = ES256PrivateKey(bytes: try File.read(path, limit: 97)),
            key.publicKey.id.isSame(as: id)
        else { throw .damaged(path) }
        return key
    }

    /// Creates the file `path` with `bytes`, durably and in one step; false if it already existed.
    @discardableResult
    package func createOnce(_ path: String, _ bytes: [UInt8]) throws(SystemError) -> Bool {
        let temporary = StateFolder.temporaryName(for: path)
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

    /// Writes `bytes` to the file `path`, durably and in one step.
    package func replace(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        let temporary = StateFolder.temporaryName(for: path)
        try File.create(temporary, bytes)
        do throws(SystemError) {
            try File.rename(temporary, to: path)
        } catch {
            File.remove(temporary)
            throw error
        }
        try File.syncFolder(File.parent(of: path))
    }
}

/// The folder of this process's executable.
private var ownFolder: String? { try? Environment.executableFolder() }

/// Why a state folder is refused: a sentence for the operator.
package struct StateFault: Error {
    /// One sentence for the operator, with the folder's path.
    package let reason: String
    /// Whether it may pass: the folder or its database existed before, or the disk is full or read-only.
    package let isTemporary: Bool

    /// A fault that stays until the operator acts.
    package init(reason: String) {
        self.reason = reason
        isTemporary = false
    }

    fileprivate init(_ error: SystemError) {
        reason = error.description
        isTemporary = error.isTemporary
    }

    init(goneFrom path: String) {
        reason =
            "the state of this installation is missing from \(path): mount it, move it back or restore a backup; "
            + "latchkey init creates a new one"
        isTemporary = true
    }

    fileprivate init(unnamed path: String, other: String) {
        reason =
            "neither LATCHKEY_HOME nor latchkey.home names a state folder, but these executables have used \(other): "
            + "name it there; latchkey init creates a new one in \(path)"
        isTemporary = true
    }
}
