// The doctor's checks of the state folder, the settings and the executables.

import API
import Auth
import Operations
import Platform
import Settings
import Store

extension Report {
    /// Checks the existing state folder at `path`; nil if the service refuses it.
    mutating func examineFolder(_ path: String) -> StateFolder? {
        do throws(StateFault) {
            let state = try StateFolder(at: path)
            ok("state folder", "\(state.path), private to this user")
            return state
        } catch {
            let owner = ((try? File.status(path)) ?? nil)?.owner
            let isOthers = owner != nil && owner != Environment.effectiveUser
            fault(
                "state folder", error.reason,
                do: isOthers
                    ? "Run this as the service's user, or give the folder to that user: chown -R."
                    : "Make it a folder with mode 700.")
            return nil
        }
    }

    /// Checks whether a web server may serve the folder.
    mutating func examineWebRoot(_ configuration: Configuration) {
        do throws(StateFault) {
            try configuration.state.refuseWebRoot(documentRoot: nil)
            ok("web roots", "the state folder's path does not lead through a web root")
        } catch {
            // The rest of the reason is advice.
            let reason = String(Substring(error.reason.utf8.prefix { $0 != UInt8(ascii: ";") }))
            if configuration.settings.allowStateInWebRoot {
                warn(
                    "web roots", "\(reason) (allow_state_in_web_root permits this)",
                    do: "Run latchkey doctor with --url to check that none of it can be downloaded.")
            } else {
                fault("web roots", reason, do: "Move the state folder out of the web root.")
            }
        }
    }

    /// Checks owner and modes of the files in the folder, and files that do not belong there.
    mutating func examineFiles(in state: StateFolder) {
        var (open, foreign): ([String], [String]) = ([], [])
        for name in StateFolder.names {
            guard let status = (try? File.status("\(state.path)/\(name)")) ?? nil else { continue }
            if status.owner != Environment.effectiveUser { foreign.append(name) }
            if status.isOpenToOthers { open.append(name) }
        }
        if !foreign.isEmpty {
            fault(
                "files", "owned by another user: \(foreign.joined(separator: ", "))",
                do: "Give them to the service's user with chown, and always run latchkey as that user.")
        }
        if !open.isEmpty {
            warn(
                "files", "accessible to other users: \(open.joined(separator: ", "))",
                do: "Run chmod -R go= \(state.path)")
        }
        if foreign.isEmpty && open.isEmpty { ok("files", "all private to this user") }
        examineLog(in: state)
        examineLeftovers(in: state)
    }

    private mutating func examineLog(in state: StateFolder) {
        let size = ((try? File.status(state.logPath)) ?? nil)?.size ?? 0
        let found = "the size of \(state.logPath) is \(Report.size(Int64(size)))"
        if size > 100 << 20 {
            warn("log", found, do: "Move it away, or use logrotate. The next log line creates a new file.")
        } else {
            ok("log", size == 0 ? "latchkey.log has no failed mail" : found)
        }
    }

    /// Checks for files that a killed process left behind.
    private mutating func examineLeftovers(in state: StateFolder) {
        let names = state.leftovers(at: .now)
        if names.isEmpty {
            ok("leftovers", "none")
        } else {
            warn(
                "leftovers", "from interrupted work: \(names.joined(separator: ", "))",
                do: "Run latchkey purge to delete them. They may contain secrets.")
        }
    }

    /// Checks whether requests would notice that the state folder, called `name`, is gone.
    mutating func examineMark(of state: StateFolder, named name: String, executables: String?) {
        let mark = StateMark(of: name)
        let places = mark.places(executables: executables)
        if let place = mark.place(among: places) { return ok("state mark", "recorded in \(place)") }
        guard executables != nil else {
            return ok("state mark", "not checked beside the executables: pass their folder with --executables")
        }
        warn(
            "state mark", "no file outside the state folder records it: if the folder is lost, a request creates an empty one",
            do: "As a user who can write there, add the line \(state.path) to the file \(places[0]), with mode 644.")
    }

    /// Reports every fault in the settings, and questionable values.
    mutating func examineSettings(
        _ configuration: Configuration, faults: [ConfigurationFault], url: ServiceURL?
    ) {
        let settings = configuration.settings
        for found in faults {
            fault("settings", found.reason, do: "Correct it. Until then, every request is answered with 500.")
        }
        if faults.isEmpty { ok("settings", "\(counted(settings.given.count, "setting")) given, all valid") }
        examineHolds(of: settings)
        examineBaseURL(settings.policy.baseURL, url)
        if settings.corsOrigins.isEmpty {
            ok("cors_origins", "none: pages of other origins cannot call the API")
        } else {
            warn(
                "cors_origins", "pages of these origins can call the API: \(settings.corsOrigins.joined(separator: ", "))",
                do: "Keep only your own origins.")
        }
        examineTestIdentities(configuration)
        let tokens = settings.policy.clientTokens.count
        ok("client_tokens", tokens == 0 ? "none: anyone can request a code" : "\(tokens) can request a code")
    }

    /// Reports limits against floods and guesses that do not work as set.
    private mutating func examineHolds(of settings: Settings) {
        let off = settings.inForce.filter { $0.key.hasPrefix("limit_") && $0.value == "off" }.map(\.key)
        if !off.isEmpty {
            warn(
                "settings", "switched off: \(off.joined(separator: ", "))",
                do: "Keep them off only if something in front of the service applies such limits.")
        }
        if settings.trustedProxies.contains(where: { $0.prefix == 0 }) {
            warn(
                "settings", "trusted_proxies contains every address: clients can choose the address that limits and logs see",
                do: "List only your proxies.")
        }
    }

    private mutating func examineBaseURL(_ text: String, _ url: ServiceURL?) {
        guard let base = ServiceURL(text) else { return }
        if let url, !url.text.isSame(as: text) {
            warn(
                "base_url", "it is \(text), but --url is \(url.text)",
                do: "Set base_url to the URL that clients use: tokens name it as their issuer. If LATCHKEY_BASE_URL is set in "
                    + "the server's environment, as make run does, run doctor with the same value.")
        } else if !base.isEncrypted, !base.isLocal {
            warn(
                "base_url", "\(text) is not encrypted: tokens can be read in transit",
                do: "Set up HTTPS in the web server, and set base_url = https://\(base.host)")
        } else {
            ok("base_url", text)
        }
    }

    private mutating func examineTestIdentities(_ configuration: Configuration) {
        do throws(ConfigurationFault) {
            let count = try configuration.testIdentities().count
            if count == 0 {
                ok("test_identities", "none")
            } else {
                warn(
                    "test_identities", "\(counted(count, "address")) can sign in with a fixed code",
                    do: "Remove the setting when the tests are done.")
            }
        } catch {
            fault("test_identities", error.reason, do: "Correct the file. Until then, every request is answered with 500.")
        }
    }

    /// Checks the executables in `folder`, which should use the state at `home` of `owner`.
    mutating func examineExecutables(in folder: String?, of home: String, owner: UInt32?) {
        guard let folder else {
            return ok("executables", "not checked: pass their folder with --executables")
        }
        guard let status = (try? File.status(folder)) ?? nil, status.isFolder else {
            return fault("executables", "\(folder) is not a folder", do: "Pass the folder of the executables with --executables.")
        }
        let before = count(.fault) + count(.warning)
        let names = Route.all.map { $0.name.description } + ["deliver-mail", "not-found"]
        var (missing, stuck, writable, odd, foreign): ([String], [String], [String], [String], [String]) =
            ([], [], status.isWritableByOthers ? ["the folder"] : [], [], [])
        for name in names {
            guard let status = (try? File.status("\(folder)/\(name)")) ?? nil, status.isRegular else {
                missing.append(name)
                continue
            }
            if status.permissions & 0o100 == 0 {
                stuck.append(name)
            } else if status.isWritableByOthers {
                writable.append(name)
            } else if status.permissions != 0o755 {
                odd.append(name)
            }
            if let owner, status.owner != owner { foreign.append(name) }
        }
        if !missing.isEmpty {
            fault(
                "executables", "missing in \(folder): \(Report.some(missing))",
                do: "Copy the package's cgi-bin again.")
        }
        if !stuck.isEmpty {
            fault("executables", "cannot be run: \(Report.some(stuck))", do: "Run chmod 755 on them.")
        }
        if !writable.isEmpty {
            fault(
                "executables", "other users can write to \(Report.some(writable))",
                do: "Run chmod go-w on them. suEXEC refuses to run them as they are.")
        }
        if !odd.isEmpty {
            warn("executables", "their mode is not 755: \(Report.some(odd))", do: "Run chmod 755 on them.")
        }
        if !foreign.isEmpty {
            warn(
                "executables", "not owned by the owner of the state folder: \(Report.some(foreign))",
                do: "If the web server runs them as their owner (suEXEC), give them to that user with chown.")
        }
        examineHome(ofExecutablesIn: folder, home)
        if count(.fault) + count(.warning) == before { ok("executables", "\(names.count) in \(folder)") }
    }

    /// Checks whether the executables find the state at `home` by themselves.
    private mutating func examineHome(ofExecutablesIn folder: String, _ home: String) {
        do throws(ConfigurationFault) {
            let (path, isNamed) = try Configuration.homePath(ofExecutablesIn: folder)
            let (theirs, ours) = (try? File.resolve(path), try? File.resolve(home))
            if theirs != nil, theirs == ours { return ok("latchkey.home", "the executables find this state folder") }
            if isNamed {
                fault(
                    "latchkey.home", "it names \(path), which is not this state folder",
                    do: "Write \(ours ?? home) into \(folder)/latchkey.home.")
            } else {
                warn(
                    "latchkey.home", "this file is missing: the executables find this state folder only by LATCHKEY_HOME",
                    do: "Set LATCHKEY_HOME in the web server, or write \(ours ?? home) into \(folder)/latchkey.home.")
            }
        } catch {
            fault(
                "latchkey.home", error.reason,
                do: "It must contain the absolute path of the state folder, belong to that folder's owner, and be writable "
                    + "only by its owner.")
        }
    }

    /// The first five of `names`, and how many more.
    static func some(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}
