// Finds the state folder, checks it, and reads the settings.
//
// The folder is LATCHKEY_HOME in the process's own environment; else the path in the file `latchkey.home` beside the
// executable (suEXEC passes no environment); else `../var` from the executable. Nothing that a client sends has any
// influence.

package import Auth
import Platform
package import Store

/// The service as its operator set it up.
package struct Configuration {
    /// The values from the settings file and the environment, and defaults for the rest.
    package let settings: Settings
    /// The state folder, whose owner and modes were checked.
    package let state: StateFolder

    /// The settings of the rules.
    package var policy: Policy { settings.policy }
    /// The operator's journal mode; nil: the file system decides.
    package var journal: JournalMode? { settings.journal }
    /// Where the database is.
    package var store: DatabaseLocation {
        DatabaseLocation(
            state, journal: settings.journal, address: settings.database, tls: settings.databaseTLS,
            isPooled: settings.databaseIsPooled)
    }

    /// Where the database is that the file of settings `path` names. Its tables may be created there.
    package func store(bySettingsIn path: String) throws(ConfigurationFault) -> DatabaseLocation {
        var settings = Settings()
        try settings.read(try Configuration.contents(of: path), file: path)
        guard settings.database != nil else { throw ConfigurationFault(reason: "\(path): the setting database is missing") }
        do throws(StateFault) {
            return Configuration(settings: settings, state: try StateFolder(at: state.path)).store
        } catch {
            throw ConfigurationFault(reason: "state folder: \(error.reason)")
        }
    }

    /// Reads the configuration; `documentRoot` is the web server's, if there is one. `making` says whether to create a
    /// missing state folder.
    package init(documentRoot: String?, making: StateFolder.Making = .ifNew) throws(ConfigurationFault) {
        do throws(StateFault) {
            let (home, isNamed) = try Configuration.namedHome()
            var making = making
            if !isNamed, case .ifNew = making { making = .ifNewAndUnnamed }
            state = try StateFolder(at: home, making: making)
        } catch {
            throw ConfigurationFault(reason: "state folder: \(error.reason)", isTemporary: error.isTemporary)
        }
        var settings = Settings()
        try settings.read(try Configuration.contents(of: state.settingsPath), file: state.settingsPath)
        try Environment.forEach(prefix: "LATCHKEY_") { (name, value) throws(ConfigurationFault) in
            try settings.readVariable(name, value)
        }
        self.settings = settings
        guard !settings.allowStateInWebRoot else { return }
        do throws(StateFault) {
            try state.refuseWebRoot(documentRoot: documentRoot)
        } catch {
            throw ConfigurationFault(reason: "state folder: \(error.reason)")
        }
    }

    init(settings: Settings, state: StateFolder) {
        self.settings = settings
        self.state = state
    }

    /// A missing settings file is empty.
    private static func contents(of path: String) throws(ConfigurationFault) -> [UInt8] {
        let limit = 65536
        do throws(SystemError) {
            let bytes = try File.readText(path, limit: limit + 1)
            if bytes.count <= limit { return bytes }
        } catch {
            if error.isAbsent { return [] }
            throw ConfigurationFault(reason: error.description)
        }
        throw ConfigurationFault(reason: "\(path): longer than \(limit) bytes")
    }

    /// The state folder's path.
    package static func home() throws(StateFault) -> String { try namedHome().path }

    /// The state folder's path, and whether anything names it.
    private static func namedHome() throws(StateFault) -> (path: String, isNamed: Bool) {
        // Read as text, it would be another folder's path.
        if Environment.isMalformed("LATCHKEY_HOME") { throw StateFault(reason: "LATCHKEY_HOME is not UTF-8") }
        if let home = Environment.value("LATCHKEY_HOME"), !home.utf8.isEmpty {
            return (try absolute(home, from: "LATCHKEY_HOME"), true)
        }
        let folder: String
        do throws(SystemError) {
            folder = try Environment.executableFolder()
        } catch {
            throw StateFault(reason: error.description)
        }
        if let path = try homeFile(in: folder) { return (path, true) }
        return ("\(File.parent(of: folder))/var", false)
    }

    /// The path in `latchkey.home`; nil if there is no such file.
    static func homeFile(in folder: String) throws(StateFault) -> String? {
        let path = "\(folder)/latchkey.home"
        let text: [UInt8]
        do throws(SystemError) {
            guard let status = try File.status(path) else { return nil }
            guard status.owner == Environment.effectiveUser, !status.isWritableByOthers else {
                throw SystemError.untrusted(path)
            }
            text = try File.readText(path, limit: 4096)
        } catch {
            throw StateFault(reason: error.description)
        }
        guard let first = String(validating: text.prefix { $0 != 0x0A }, as: UTF8.self) else {
            throw StateFault(reason: "\(path) is not UTF-8")
        }
        return try absolute(String(Substring(trimmed(first.utf8[...]))), from: path)
    }

    private static func absolute(_ path: String, from source: String) throws(StateFault) -> String {
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw StateFault(reason: "\(source) must name an absolute path: \(path)")
        }
        return path
    }
}

extension Configuration {
    /// The addresses with a fixed code: the lines `address hash last-day` of the file that `test_identities` names, which
    /// only its owner may access. Empty if the setting is not set.
    package func testIdentities() throws(ConfigurationFault) -> [TestIdentity] {
        guard let name = settings.testIdentities else { return [] }
        let path = name.utf8.first == UInt8(ascii: "/") ? name : "\(state.path)/\(name)"
        let text: [UInt8]
        do throws(SystemError) {
            guard let status = try File.status(path), status.isRegular,
                status.owner == Environment.effectiveUser, !status.isOpenToOthers
            else { throw SystemError.untrusted(path) }
            text = try File.readText(path, limit: 65536)
        } catch {
            throw ConfigurationFault(
                reason: "test_identities: \(error.description); the file must belong to this user and have mode 0600")
        }
        var identities: [TestIdentity] = []
        let lines = String(decoding: text, as: UTF8.self).utf8.split(
            separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let line = trimmed(line)
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            do throws(TestIdentityFault) {
                identities.append(try identity(line))
            } catch {
                throw ConfigurationFault(
                    reason: "test_identities: \(path):\(index + 1): \(error.reason)")
            }
        }
        return identities
    }

    private func identity(_ line: Substring.UTF8View) throws(TestIdentityFault) -> TestIdentity {
        let words = line.split { $0 == 0x20 || $0 == 0x09 }.map { String(Substring($0)) }
        guard words.count == 3 else { throw .init(reason: "must have the form: address hash last-day") }
        guard let email = try? Email(words[0]) else { throw .init(reason: "not an e-mail address") }
        guard let day = Timestamp(day: words[2]) else { throw .init(reason: "not a day such as 2026-12-31") }
        return try TestIdentity(email: email, codeHash: words[1], lastDay: day, at: .now)
    }

    /// How to compose mail and hand it over.
    package func mailer() throws(ConfigurationFault) -> Mailer {
        let transport =
            switch settings.mail {
            case .maildir: MailTransport.maildir(state.mailPath)
            case .sendmail(let path): MailTransport.sendmail(path)
            }
        return Mailer(
            from: try sender(), templates: MailTemplates(folder: "\(state.path)/templates"), transport: transport)
    }

    /// `mail_from`, else the service's own name at the host of `base_url`, or at a host that gets no mail.
    private func sender() throws(ConfigurationFault) -> Mailbox {
        if let sender = settings.mailFrom { return sender }
        let host = host(ofBaseURL: policy.baseURL)
        for host in [host, "localhost.localdomain"] {
            if let address = try? Email("latchkey@\(host)") {
                return Mailbox(name: "Latchkey", address: address)
            }
        }
        throw ConfigurationFault(reason: "mail_from: must be set, because base_url gives no valid sender")
    }
}
