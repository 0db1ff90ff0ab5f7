// latchkey init, latchkey settings: a new service, and its operator's settings.

import API
import ArgumentParser
import Auth
import CGI
import Operations
import Platform
import Settings
import Store

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a service's state: folder, settings, secret, signing key, database.",
        discussion: """
            Says where each of them is. A service that is there stays as it is. The first \
            request would make the same but latchkey.conf, in which every setting is \
            commented out; this is to see it done, and as which user.

            Example: LATCHKEY_HOME=/srv/latchkey latchkey init
            """)

    func run() throws(ExitCode) {
        try ending { () throws(CommandError) in
            let configuration = try configured { () throws(ConfigurationFault) in
                try Configuration(documentRoot: nil, making: .always)
            }
            try writeSettings(of: configuration.state)
            let made = try asking { () throws(AuthError) in try service(configuration).initialize() }
            try show(
                made.isNew ? "Made a new service.\n" : "There is a service already; it stays as it is.\n")
            try show(
                block([
                    ("state folder", made.folder), ("settings", made.settings), ("secret", made.secret),
                    ("signing key", made.signingKey), ("database", made.database),
                ]))
            configuration.state.noteMade(executables: Doctor.executablesBeside())
        }
    }

    /// Gives a new service a settings file with every setting commented out.
    private func writeSettings(of state: StateFolder) throws(CommandError) {
        do throws(SystemError) {
            guard !state.isThere, try File.status(state.settingsPath) == nil else { return }
            try File.create(state.settingsPath, Array(SettingDescription.sampleFile.utf8))
        } catch {
            // Another `latchkey init` was faster.
            if (try? File.status(state.settingsPath)) ?? nil != nil { return }
            throw .failed(error.description)
        }
    }
}

struct ShowSettings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Lists every setting in force, and where it comes from.",
        discussion: """
            A setting comes from latchkey.conf in the state folder (file:line), from a \
            variable LATCHKEY_<KEY> of this shell's environment, which wins, or is the \
            default. The web server's environment may be another one. Tokens are not shown.

            Example: latchkey settings --json
            """)

    @OptionGroup var output: OutputOptions

    func run() throws(ExitCode) {
        try onService { (_, configuration) throws(CommandError) in
            let settings = configuration.settings.inForce
            if output.json {
                return try showJSON(settings) { json, setting in
                    json.object { json in
                        json.member("key", setting.key)
                        json.member("value", setting.value)
                        json.member("from", setting.place)
                    }
                }
            }
            var table = Table(columns: [("SETTING", 24), ("VALUE", 26)], last: "FROM")
            // The folder's path may be long, and a variable has its setting's name.
            let folder = "\(configuration.state.path)/"
            table.rows = settings.map { setting in
                let place =
                    setting.place.hasPrefix(folder)
                    ? String(setting.place.dropFirst(folder.count))
                    : setting.place.hasPrefix("environment:") ? "environment" : setting.place
                return [setting.key, setting.value, place]
            }
            try show(table.text)
        }
    }
}
