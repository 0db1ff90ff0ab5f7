// What a new installation creates, and how to see that there was one before: the database is a file of the state folder.

import Platform

extension StateFolder {
    /// Creates what a new installation needs, before there is a database.
    ///
    /// Throws `unavailable` if there was a database before, and `failure` if one is required.
    package func prepare() throws(AuthError) {
        guard try isNew() else { return }
        switch making {
        case .always: break
        case .never: throw .failure(reason: StateFolder.absence(of: path, StateFolder.absentPart).reason)
        case .ifNew, .ifNewAndUnnamed:
            do throws(StateFault) {
                if hasLocks { throw StateFault(goneFrom: path) }
                try StateFolder.refuseIfGone(from: name, making)
            } catch {
                // Check again: another request may just have created the database and noted that.
                if try isNew() { throw .unavailable(reason: error.reason) }
                return
            }
        }
        do throws(SystemError) {
            try createOnce(secretPath, Random.bytes(32))
        } catch {
            throw AuthError(error)
        }
        _ = try madeSigningKey()
    }

    /// Whether a secret was laid for the next rotation: none is needed here.
    package var hasNextSecret: Bool { false }

    /// The files that answering a request writes to.
    package var writtenPaths: [String] { [path, databasePath] }

    /// Whether files exist that only appear beside a database.
    private var hasLocks: Bool {
        [writingLockPath, deliveryLockPath].contains { (try? File.status($0)) ?? nil != nil }
    }

    /// What a folder without a service's files does not have.
    package static var absentPart: String { "has no database" }

    /// Whether the folder and its database still exist.
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

    /// The same as `secret()`, which needs no open database.
    package func secret(_ openDatabase: () throws(AuthError) -> Void) throws(AuthError) -> [UInt8] { try secret() }

    /// The 32 bytes from which codes, peppers and refresh tokens are derived.
    package func secret() throws(AuthError) -> [UInt8] {
        try prepare()
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(secretPath, limit: 33)
        } catch {
            guard error.isAbsent else { throw AuthError(error) }
            throw .failure(reason: "\(secretPath) is missing, but there is a database: restore it from a backup")
        }
        guard bytes.count == 32 else {
            throw .failure(reason: "\(secretPath) does not have 32 bytes")
        }
        return bytes
    }
}
