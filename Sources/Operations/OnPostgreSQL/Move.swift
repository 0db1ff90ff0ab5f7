// Moves a service's data to another store. The service is closed meanwhile.
//
// 1. The move closes the target first, then the source: requests to either get 503.
// 2. One transaction copies all rows and token keys, and compares each table before it commits.
// 3. Then the move opens the target. The source keeps its data and stays closed.
// 4. If anything fails before the commit, the move opens the source again. If the outcome of the commit is unknown, both stay
//    closed. The same command, run again, finds out whether the data was copied, and continues from there.
// 5. A second move of the same database, from another machine, takes over: the first one sees another epoch, and stops. Only
//    the move that closed the source last may open it again, and only while the target is closed.

package import Auth
import Platform
package import Store

/// Where data was moved.
package struct StoreMove {
    /// The old place, which stays closed.
    package let source: String
    /// The new place.
    package let target: String
    /// Whether an earlier move, which was interrupted, had already copied it.
    package let wasCopied: Bool
}

extension Operations {
    /// Moves the data to `target`: from the state folder's SQLite file if `isSQLite`, otherwise from the current database.
    ///
    /// Throws `failure` if the target has data of another service, or a row cannot be stored there.
    package func moveStore(
        to target: DatabaseLocation, isSQLite: Bool, report: @escaping ProgressReport
    ) throws(AuthError) -> StoreMove {
        let lock = try replacementLock()
        let staging = StateFolder.temporaryName(for: "\(state.path)/moving")
        defer {
            for path in [staging, "\(staging)-journal", "\(staging)-wal", "\(staging)-shm"] { File.remove(path) }
            withExtendedLifetime(lock) {}
        }
        let source = isSQLite ? nil : try Database(at: auth.location, closedFor: .move)
        guard isSQLite ? hasFile : true else { throw .failure(reason: "there is no database in \(state.path)") }
        let new = try Database(at: target, closedFor: .move)
        if let source, source.place.isSame(as: new.place) { throw .failure(reason: "the database is already there") }
        if new.closure == nil {
            guard try new.isEmpty() else {
                // An earlier move may have been interrupted after its last step.
                let isMoved = if let source { source.closure == .move } else { try Schema.isClosedForMove(state.databasePath) }
                guard isMoved, try new.belongs(to: state.secret()) else {
                    throw .failure(reason: "\(new.place) has data of its own already")
                }
                return StoreMove(source: source?.place ?? state.databasePath, target: new.place, wasCopied: true)
            }
            _ = try new.write { () throws(AuthError) in try new.close(for: .move) }
        }
        var epoch: Int64?
        if let source {
            epoch = try source.write { () throws(AuthError) in try source.close(for: .move) }
        } else {
            try Schema.closeForMove(state.databasePath)
        }
        var wasCopied = false
        do throws(AuthError) {
            if let source {
                try source.writeRows(toFile: staging) { _, percent in report("reading", percent) }
            } else {
                try Schema.copyForMove(state.databasePath, to: staging)
            }
            if try new.isEmpty() {
                try copy(staging, from: source, closedIn: epoch, to: new, report: report)
            } else {
                guard try new.hasRows(ofFile: staging) else {
                    throw AuthError.failure(reason: "\(new.place) has other data than the database that is to be moved")
                }
                wasCopied = true
            }
        } catch {
            if new.hasUnknownOutcome {
                throw .failure(
                    reason: "it is unknown whether the copy was committed, so both databases stay closed. "
                        + "Run the same command again: it finds out, and continues. \(error.reason)")
            }
            // A target that cannot be reached is not in use.
            let isTargetClosed = (try? new.isStillClosed(for: .move)) ?? true
            if isTargetClosed, (try? source?.isStillClosed(for: .move, epoch: epoch)) ?? true { try? reopen(source) }
            throw error
        }
        try new.write { () throws(AuthError) in try new.reopenInNewEpoch() }
        return StoreMove(source: source?.place ?? state.databasePath, target: new.place, wasCopied: wasCopied)
    }

    /// Opens the store that a move has closed: the state folder's SQLite file if `isSQLite`, otherwise the current database.
    package func reopenStore(isSQLite: Bool) throws(AuthError) {
        let lock = try replacementLock()
        defer { withExtendedLifetime(lock) {} }
        try reopen(isSQLite ? nil : try Database(at: auth.location, closedFor: .move))
    }

    private func reopen(_ source: Database?) throws(AuthError) {
        guard let source else { return try Schema.reopenAfterMove(state.databasePath) }
        try source.write { () throws(AuthError) in try source.reopenInNewEpoch() }
    }

    private var hasFile: Bool { ((try? File.status(state.databasePath)) ?? nil)?.isRegular ?? false }

    /// Copies the rows of `file` and the token keys to `new` in one transaction. Throws `failure` if another move has meanwhile
    /// closed `source`, whose epoch was `epoch`, or has filled `new`.
    private func copy(
        _ file: String, from source: Database?, closedIn epoch: Int64?, to new: Database, report: @escaping ProgressReport
    ) throws(AuthError) {
        let keys =
            if let source { try TokenKeyRing(of: source).files() } else { try StateFolder.tokenKeyFiles(in: state.keysPath) }
        let secret = try state.secret()
        try new.write { () throws(AuthError) in
            try new.holdAlone()
            guard try new.isStillClosed(for: .move), try new.isEmpty() else { throw Operations.otherMove }
            try new.replaceRows(byFile: file, report: report)
            try TokenKeyRing(of: new).replace(by: keys, sealedBy: secret)
            guard try source?.isStillClosed(for: .move, epoch: epoch) ?? true else { throw Operations.otherMove }
        }
    }

    private static var otherMove: AuthError {
        .failure(reason: "another latchkey store move of the same database has taken over; this one changed nothing")
    }
}
