// The configuration for whoever looks after a service: a mistyped LATCHKEY_HOME makes nothing.

import Auth
import System

extension Configuration {
    /// Reads the configuration of a service that has a database; another is a fault, and is not made.
    package static func ofExistingService() throws(ConfigurationFault) -> Configuration {
        let home: String
        do throws(StateFault) {
            home = try Configuration.home()
        } catch {
            throw ConfigurationFault(reason: "state folder: \(error.reason)")
        }
        guard (try? File.status(home)) ?? nil != nil else {
            throw ConfigurationFault(reason: "state folder: \(home) is not there; latchkey init makes it")
        }
        let configuration = try Configuration(documentRoot: nil)
        guard configuration.state.isThere else {
            throw ConfigurationFault(
                reason: "state folder: \(home) holds no database; latchkey init makes it")
        }
        return configuration
    }
}
