// Temporary files and folders, and what is left of them when a process is killed: each may hold secrets.
//
// A name is known by its form, not by a list of what is made: whatever ends in a random id was made by `temporaryName`.

package import Platform

extension StateFolder {
    /// A name that nothing has, for what will become `path` or belongs beside it.
    package static func temporaryName(for path: String) -> String { "\(path).\(UUID.random().text)" }

    /// Whether `name` is one that `temporaryName` makes, or that of a database's own file beside such a one.
    package static func isTemporaryName(_ name: String) -> Bool {
        var name = name.utf8[...]
        for end in ["-wal", "-shm", "-journal"] where name.suffix(end.utf8.count).elementsEqual(end.utf8) {
            name = name.dropLast(end.utf8.count)
            break
        }
        return name.count > 37 && name.dropLast(36).last == UInt8(ascii: ".") && UUID(text: name.suffix(36)) != nil
    }

    /// What processes left here that were killed, by its path in the folder, in order. Nothing while a restore, a rotation
    /// or a backup is at work, whose it may be.
    package func leftovers(at now: Timestamp) -> [String] {
        withoutMaintenance { foundLeftovers(at: now) } ?? []
    }

    /// Removes it, as far as that is possible.
    package func removeLeftovers(at now: Timestamp) {
        _ = withoutMaintenance {
            for name in foundLeftovers(at: now) {
                let path = "\(self.path)/\(name)"
                if ((try? File.status(path)) ?? nil)?.isFolder == true { File.removeFolder(path) } else { File.remove(path) }
            }
        }
    }

    /// What `body` gives while no maintenance begins; nil if some is at work.
    private func withoutMaintenance<T>(_ body: () -> T) -> T? {
        var locks: [FileLock] = []
        for path in [replacementLockPath, backupLockPath] where (try? File.status(path)) ?? nil != nil {
            guard let lock = (try? FileLock(trying: path)) ?? nil else { return nil }
            locks.append(lock)
        }
        return withExtendedLifetime(locks, body)
    }

    private func foundLeftovers(at now: Timestamp) -> [String] {
        func temporary(in folder: String) -> [String] {
            ((try? File.names(in: "\(path)/\(folder)")) ?? []).filter { StateFolder.isTemporaryName($0) }.map { folder + $0 }
        }
        // Without a database, or a key that signs, a first request may be making them.
        let own = isThere ? temporary(in: "") : []
        let keys = (try? File.status(currentKeyPath)) ?? nil != nil ? temporary(in: "keys/") : []
        // Another deliverer may be at work: by its time, as maildirs are cleaned (cr.yp.to/proto/maildir.html).
        let mails = ((try? File.names(in: "\(mailPath)/tmp")) ?? []).filter { name in
            guard name.utf8.suffix(9).elementsEqual(".latchkey".utf8),
                let changed = Machine.changed("\(mailPath)/tmp/\(name)")
            else { return false }
            return changed < now - .days(1)
        }.map { "mail/tmp/\($0)" }
        return (own + keys + mails).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
