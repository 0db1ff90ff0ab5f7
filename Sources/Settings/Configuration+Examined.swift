// The configuration for a diagnosis: every fault, not only the first.

import Auth
import Platform
package import Store

extension Configuration {
    /// The state folder's path, unchecked.
    package static func homePath() throws(ConfigurationFault) -> String {
        do throws(StateFault) {
            return try home()
        } catch {
            throw ConfigurationFault(reason: error.reason)
        }
    }

    /// Where executables in `folder` find the state without LATCHKEY_HOME, and whether the file `latchkey.home` there
    /// says so.
    package static func homePath(
        ofExecutablesIn folder: String
    ) throws(ConfigurationFault) -> (path: String, isNamed: Bool) {
        do throws(StateFault) {
            if let path = try homeFile(in: folder) { return (path, true) }
            return ("\(File.parent(of: folder))/var", false)
        } catch {
            throw ConfigurationFault(reason: error.reason)
        }
    }

    /// The configuration of `state`, and every fault in its settings. Faulty settings are ignored.
    package init(examining state: StateFolder, faults: inout [ConfigurationFault]) {
        var settings = Settings()
        do throws(SystemError) {
            if try File.status(state.settingsPath) != nil {
                let text = try File.readText(state.settingsPath, limit: 65536)
                settings = Settings(withoutFaultsOf: text, file: state.settingsPath, faults: &faults)
            }
        } catch {
            faults.append(ConfigurationFault(reason: error.description))
        }
        Environment.forEach(prefix: "LATCHKEY_") { (name, value) throws(Never) in
            do throws(ConfigurationFault) {
                try settings.readVariable(name, value)
            } catch {
                faults.append(error)
            }
        }
        self.init(settings: settings, state: state)
    }
}

extension Settings {
    /// The settings in `text`, without the faulty lines.
    init(withoutFaultsOf text: [UInt8], file: String, faults: inout [ConfigurationFault]) {
        guard String(validating: text, as: UTF8.self) != nil else {
            faults.append(ConfigurationFault(reason: "\(file): not UTF-8"))
            self.init()
            return
        }
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        while true {
            var settings = Settings()
            do throws(ConfigurationFault) {
                try settings.read(Array(lines.joined(separator: [0x0A])), file: file)
                self = settings
                return
            } catch {
                faults.append(error)
                // The reason begins with `file:line:`.
                let number = error.reason.utf8.dropFirst(file.utf8.count + 1).prefix { $0 &- 0x30 < 10 }
                guard let line = Int(String(Substring(number))), lines.indices.contains(line - 1) else {
                    self.init()
                    return
                }
                lines[line - 1] = []
            }
        }
    }
}

/// A service's URL: `http://` or `https://`, a host, optionally a port and a path; no slash at the end.
package struct ServiceURL {
    /// The whole URL as in the setting, at most 255 bytes.
    package let text: String
    /// Whether it begins with `https`.
    package let isEncrypted: Bool
    /// A name or an address, without brackets.
    package let host: String
    /// Whether it has a port.
    package let hasPort: Bool

    /// nil if `text` has another form.
    package init?(_ text: String) {
        guard let url = try? baseURL(text) else { return nil }
        isEncrypted = url.utf8.starts(with: "https:".utf8)
        let rest = url.utf8.dropFirst(isEncrypted ? 8 : 7)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        if authority.first == UInt8(ascii: "[") {
            let end = authority.firstIndex(of: UInt8(ascii: "]")) ?? authority.endIndex
            host = String(Substring(authority[..<end].dropFirst()))
            hasPort = authority[end...].contains(UInt8(ascii: ":"))
        } else {
            host = String(Substring(authority.prefix { $0 != UInt8(ascii: ":") }))
            hasPort = authority.contains(UInt8(ascii: ":"))
        }
        self.text = url
    }

    /// Whether the host is this machine, by name or address.
    package var isLocal: Bool {
        host.isSame(as: "localhost") || NetworkAddress(host)?.isLoopback == true
    }
}
