// Temporary files and folders that killed processes leave behind: each may hold secrets.
//
// A name is recognized by its form, not from a list: `temporaryName` makes every name that ends in a random id.

package import Platform

extension StateFolder {
    /// A new name for a file that will become `path` or belongs beside it.
    package static func temporaryName(for path: String) -> String { "\(path).\(UUID.random().text)" }

    /// Whether `temporaryName` made `name`, or it is a file that SQLite keeps beside such a database.
    package static func isTemporaryName(_ name: String) -> Bool {
        var name = name.utf8[...]
        for end in ["-wal", "-shm", "-journal"] where name.suffix(end.utf8.count).elementsEqual(end.utf8) {
            name = name.dropLast(end.utf8.count)
            break
        }
        return name.count > 37 && name.dropLast(36).last == UInt8(ascii: ".") && UUID(text: name.suffix(36)) != nil
    }

    /// What killed processes left here, as sorted paths in the folder. Empty while a restore, a rotation or a backup runs,
    /// which may own them.
    package func leftovers(at now: Timestamp) -> [String] {
        withoutMaintenance { foundLeftovers(at: now) } ?? []
    }

    /// Removes the leftovers, as far as possible.
    package func removeLeftovers(at now: Timestamp) {
        _ = withoutMaintenance {
            for name in foundLeftovers(at: now) {
                let path = "\(self.path)/\(name)"
                if ((try? File.status(path)) ?? nil)?.isFolder == true { File.removeFolder(path) } else { File.remove(path) }
            }
        }
    }

    /// Runs `body` while no maintenance can begin; nil if some is running.
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
        // Without a database or a signing key, a first request may be making them.
        let own = isThere ? temporary(in: "") : []
        let keys = (try? File.status(currentKeyPath)) ?? nil != nil ? temporary(in: "keys/") : []
        // Another deliverer may be at work, so age decides, as for maildirs (cr.yp.to/proto/maildir.html).
        let mails = ((try? File.names(in: "\(mailPath)/tmp")) ?? []).filter { name in
            guard name.utf8.suffix(9).elementsEqual(".latchkey".utf8),
                let changed = Machine.changed("\(mailPath)/tmp/\(name)")
            else { return false }
            return changed < now - .days(1)
        }.map { "mail/tmp/\($0)" }
        return (own + keys + mails).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
