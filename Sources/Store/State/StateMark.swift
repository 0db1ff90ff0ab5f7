// The state mark shows that an installation has state: a file outside the state folder contains the folder's path. So a
// folder that is not mounted, or was moved, does not look like a new installation.
//
// 1. The file is a list of paths, one per line, since several services may share executables. It is beside the
//    executables; if this user cannot write there, beside the state folder; otherwise in /var/tmp.
// 2. All three are read. A file counts only if this user or root owns it, and nobody else can write to it.
// 3. It is replaced in one step, never written to: a link that someone put there has no effect.

import Platform

/// The mark, for one state folder.
package struct StateMark {
    /// The folder's path as given, and with every link resolved in the part that exists.
    private let paths: [String]

    /// The mark of the state folder `path`, which may not exist.
    package init(of path: String) {
        let resolved = StateMark.resolved(path)
        paths = path.isSame(as: resolved) ? [path] : [path, resolved]
    }

    /// How long to wait for others that note theirs.
    private static let longestWait = Duration.seconds(2)

    /// Above this many bytes the older half of the list is dropped.
    private static let size = 32768

    /// Where the mark can be, the best place first; `executables` is their folder, if known.
    package func places(executables: String?) -> [String] {
        (executables.map { ["\($0)/.latchkey-states"] } ?? []) + [
            "\(File.parent(of: paths[paths.count - 1]))/.latchkey-states",
            "/var/tmp/.latchkey-states-\(Environment.effectiveUser)",
        ]
    }

    /// The first of `places` with the mark; nil if there is none.
    package func place(among places: [String]) -> String? {
        places.first { holds(StateMark.list(in: $0)) }
    }

    /// Notes the mark in the first writable one of `places`, unless one of them has it. Returns the place; nil if
    /// none is writable.
    @discardableResult
    package func note(in places: [String]) -> String? {
        if let place = place(among: places) { return place }
        return places.first { place in
            // Others may note theirs at the same time. A process that holds the lock too long does not block this one.
            let lock = try? FileLock(onFolder: File.parent(of: place), atMost: StateMark.longestWait)
            defer { withExtendedLifetime(lock) {} }
            // Another user's file stays unchanged.
            if (try? File.status(place)) ?? nil != nil, !StateMark.isTrusted(place) { return false }
            var list = StateMark.list(in: place)
            if list.count > StateMark.size {
                let middle = list.count / 2
                list.removeFirst((list[middle...].firstIndex(of: 0x0A) ?? middle) + 1)
            }
            for path in paths { list += Array(path.utf8) + [0x0A] }
            let temporary = StateFolder.temporaryName(for: place)
            do throws(SystemError) {
                try File.create(temporary, list)
                try File.rename(temporary, to: place)
                return true
            } catch {
                File.remove(temporary)
                return false
            }
        }
    }

    /// The state that executables in `folder` created last; nil if they never did, or it is not noted beside them.
    package static func last(beside folder: String) -> String? {
        let list = list(in: "\(folder)/.latchkey-states")
        return list.split(separator: 0x0A).last.map { String(decoding: $0, as: UTF8.self) }
    }

    private func holds(_ list: [UInt8]) -> Bool {
        list.split(separator: 0x0A).contains { line in paths.contains { line.elementsEqual($0.utf8) } }
    }

    private static func list(in place: String) -> [UInt8] {
        guard isTrusted(place) else { return [] }
        return (try? File.read(place, limit: 2 * size)) ?? []
    }

    /// Removes what a process left beside `places` when it was killed while it noted the mark.
    package func removeLeftovers(beside places: [String]) {
        for place in places {
            let folder = File.parent(of: place)
            for name in (try? File.names(in: folder)) ?? []
            where StateFolder.isTemporaryName(name) && "\(folder)/\(name)".utf8.starts(with: place.utf8) {
                guard let changed = Machine.changed("\(folder)/\(name)"), changed < .now - .minutes(1) else { continue }
                File.remove("\(folder)/\(name)")
            }
        }
    }

    private static func isTrusted(_ place: String) -> Bool {
        guard let status = (try? File.status(place)) ?? nil else { return false }
        return status.isRegular && !status.isWritableByOthers
            && (status.owner == 0 || status.owner == Environment.effectiveUser)
    }

    /// `path` with every link resolved in the part that exists.
    private static func resolved(_ path: String) -> String {
        var (there, rest) = (path, "")
        while true {
            if let resolved = try? File.resolve(there) { return (resolved.isSame(as: "/") ? "" : resolved) + rest }
            let parent = File.parent(of: there)
            if parent.isSame(as: there) || parent.isSame(as: ".") { return path }
            let name = String(Substring(there.utf8.dropFirst(parent.isSame(as: "/") ? 1 : parent.utf8.count + 1)))
            (there, rest) = (parent, name.utf8.isEmpty ? rest : "/\(name)\(rest)")
        }
    }
}
