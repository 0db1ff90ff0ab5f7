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
            ok("state folder", "\(state.path), yours alone")
            return state
        } catch {
            let owner = ((try? File.status(path)) ?? nil)?.owner
            let isOthers = owner != nil && owner != Environment.effectiveUser
            fault(
                "state folder", error.reason,
                do: isOthers
                    ? "Run this as the service's user, or give the folder to that user: chown -R."
                    : "Let it be a folder of mode 700.")
            return nil
        }
    }

    /// Checks whether a web server may serve the folder.
    mutating func examineWebRoot(_ configuration: Configuration) {
        do throws(StateFault) {
            try configuration.state.refuseWebRoot(documentRoot: nil)
            ok("web roots", "the state folder lies in none that its path tells of")
        } catch {
            // The rest of the reason is advice.
            let reason = String(Substring(error.reason.utf8.prefix { $0 != UInt8(ascii: ";") }))
            if configuration.settings.allowStateInWebRoot {
                warn(
                    "web roots", "\(reason), as allow_state_in_web_root lets it",
                    do: "See with --url that nothing of it can be downloaded.")
            } else {
                fault("web roots", reason, do: "Move the state folder out of there.")
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
                "files", "another user's: \(foreign.joined(separator: ", "))",
                do: "Give them to the service's user with chown; run latchkey as that user alone.")
        }
        if !open.isEmpty {
            warn(
                "files", "open to other users: \(open.joined(separator: ", "))",
                do: "Close them: chmod -R go= \(state.path)")
        }
        if foreign.isEmpty && open.isEmpty { ok("files", "all yours alone") }
        examineLog(in: state)
        examineLeftovers(in: state)
    }

    private mutating func examineLog(in state: StateFolder) {
        let size = ((try? File.status(state.logPath)) ?? nil)?.size ?? 0
        let found = "\(state.logPath) has \(Report.size(Int64(size)))"
        if size > 100 << 20 {
            warn("log", found, do: "Move it away, or have logrotate do so; the next line makes a new one.")
        } else {
            ok("log", size == 0 ? "no failed mail was noted in latchkey.log" : found)
        }
    }

    /// Checks for files that a killed process left behind.
    private mutating func examineLeftovers(in state: StateFolder) {
        let names = state.leftovers(at: .now)
        if names.isEmpty {
            ok("leftovers", "none")
        } else {
            warn(
                "leftovers", "of work that was interrupted: \(names.joined(separator: ", "))",
                do: "Run latchkey purge, which removes them; each may hold secrets.")
        }
    }

    /// Checks whether requests would notice that the state folder, called `name`, is gone.
    mutating func examineMark(of state: StateFolder, named name: String, executables: String?) {
        let mark = StateMark(of: name)
        let places = mark.places(executables: executables)
        if let place = mark.place(among: places) { return ok("mark of state", "noted in \(place)") }
        guard executables != nil else {
            return ok("mark of state", "not looked for beside the executables: --executables tells where they are")
        }
        warn(
            "mark of state", "nothing outside the state folder tells that there is one: without it a request makes another",
            do: "As whoever may write there, add the line \(state.path) to \(places[0]), mode 644.")
    }

    /// Reports every fault in the settings, and questionable values.
    mutating func examineSettings(
        _ configuration: Configuration, faults: [ConfigurationFault], url: ServiceURL?
    ) {
        let settings = configuration.settings
        for found in faults {
            fault("settings", found.reason, do: "Correct it; until then every request is answered with 500.")
        }
        if faults.isEmpty { ok("settings", "\(counted(settings.given.count, "setting")) given, each is valid") }
        examineHolds(of: settings)
        examineBaseURL(settings.policy.baseURL, url)
        if settings.corsOrigins.isEmpty {
            ok("cors_origins", "none: no page of another origin may call")
        } else {
            warn(
                "cors_origins", "pages may call from \(settings.corsOrigins.joined(separator: ", "))",
                do: "Keep those that are yours alone.")
        }
        examineTestIdentities(configuration)
        let tokens = settings.policy.clientTokens.count
        ok("client_tokens", tokens == 0 ? "none: anyone may ask for a code" : "\(tokens) may ask for a code")
    }

    /// Reports limits against floods and guesses that do not work as set.
    private mutating func examineHolds(of settings: Settings) {
        let off = settings.inForce.filter { $0.key.hasPrefix("limit_") && $0.value == "off" }.map(\.key)
        if !off.isEmpty {
            warn(
                "settings", "switched off: \(off.joined(separator: ", "))",
                do: "Keep them off only where something in front of the service counts as they do.")
        }
        if settings.trustedProxies.contains(where: { $0.prefix == 0 }) {
            warn(
                "settings", "trusted_proxies names every address: clients choose the address that limits and logs see",
                do: "Name the proxies alone.")
        }
    }

    private mutating func examineBaseURL(_ text: String, _ url: ServiceURL?) {
        guard let base = ServiceURL(text) else { return }
        if let url, !url.text.isSame(as: text) {
            warn(
                "base_url", "it is \(text), and --url is \(url.text)",
                do: "Set base_url to where clients find the service; tokens name it as their issuer. If the server has "
                    + "LATCHKEY_BASE_URL in its environment, as make run may, run this with the same.")
        } else if !base.isEncrypted, !base.isLocal {
            warn(
                "base_url", "\(text) is not encrypted: tokens can be read on the way",
                do: "Have the web server speak https, and set base_url = https://\(base.host)")
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
                    "test_identities", "\(counted(count, "address")) may sign in with a fixed code",
                    do: "Remove the setting when the tests are over.")
            }
        } catch {
            fault("test_identities", error.reason, do: "Correct the file; requests are answered with 500.")
        }
    }

    /// Checks the executables in `folder`, which should use the state at `home` of `owner`.
    mutating func examineExecutables(in folder: String?, of home: String, owner: UInt32?) {
        guard let folder else {
            return ok("executables", "not looked at: --executables tells where they are")
        }
        guard let status = (try? File.status(folder)) ?? nil, status.isFolder else {
            return fault("executables", "\(folder) is not a folder", do: "Say --executables with theirs.")
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
            fault("executables", "cannot be run: \(Report.some(stuck))", do: "chmod 755 them.")
        }
        if !writable.isEmpty {
            fault(
                "executables", "other users can write to \(Report.some(writable))",
                do: "chmod go-w them; suEXEC refuses them, too.")
        }
        if !odd.isEmpty {
            warn("executables", "not of mode 755: \(Report.some(odd))", do: "chmod 755 them.")
        }
        if !foreign.isEmpty {
            warn(
                "executables", "not the state's owner's: \(Report.some(foreign))",
                do: "chown them if the web server runs them as their owner (suEXEC).")
        }
        examineHome(ofExecutablesIn: folder, home)
        if count(.fault) + count(.warning) == before { ok("executables", "\(names.count) in \(folder)") }
    }

    /// Checks whether the executables find the state at `home` by themselves.
    private mutating func examineHome(ofExecutablesIn folder: String, _ home: String) {
        do throws(ConfigurationFault) {
            let (path, isNamed) = try Configuration.homePath(ofExecutablesIn: folder)
            let (theirs, ours) = (try? File.resolve(path), try? File.resolve(home))
            if theirs != nil, theirs == ours { return ok("latchkey.home", "executables find this state") }
            if isNamed {
                fault(
                    "latchkey.home", "it names \(path), which is not this state",
                    do: "Write \(ours ?? home) into \(folder)/latchkey.home.")
            } else {
                warn(
                    "latchkey.home", "there is none: executables find this state by LATCHKEY_HOME alone",
                    do: "See that the web server sets it, or write \(ours ?? home) into \(folder)/latchkey.home.")
            }
        } catch {
            fault(
                "latchkey.home", error.reason,
                do: "Let it hold the state's absolute path, be its owner's, and writable by nobody else.")
        }
    }

    /// The first five of `names`, and how many more.
    static func some(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }
}
