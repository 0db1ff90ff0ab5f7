// The configuration of an existing service: a mistyped LATCHKEY_HOME must not create one.

import Auth
import Platform
import Store

extension Configuration {
    /// Reads the configuration of a service that has a database; without one, throws and creates nothing.
    package static func ofExistingService() throws(ConfigurationFault) -> Configuration {
        let configuration = try Configuration(documentRoot: nil, making: .never)
        guard configuration.state.isThere else {
            let fault = StateFolder.absence(of: configuration.state.path, StateFolder.absentPart)
            throw ConfigurationFault(reason: "state folder: \(fault.reason)")
        }
        return configuration
    }
}
