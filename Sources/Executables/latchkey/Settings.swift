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
        abstract: "Creates the state of a service: folder, settings, secret, signing key, database.",
        discussion: """
            Prints where each of them is. An existing service is not changed. In \
            latchkey.conf, every setting is commented out.

            Without init, the first request creates the same, except latchkey.conf. Use init \
            to create the state as the right user, and to see whether it works.

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
                made.isNew ? "Created a new service.\n" : "The service exists already; nothing was changed.\n")
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
        abstract: "Lists the current value of every setting, and where it comes from.",
        discussion: """
            A value comes from a variable LATCHKEY_<KEY> in this shell's environment, or else \
            from latchkey.conf in the state folder (file:line), or else is the default. The \
            web server may have a different environment. Secret values are not shown.

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
