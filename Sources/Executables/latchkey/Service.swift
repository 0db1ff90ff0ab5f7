// The service that a command works on, and how a command exits.

import API
import ArgumentParser
import Auth
import Operations
import Platform
import Settings
import Store

/// Why a command failed.
enum CommandError: Error {
    /// Exit code 1.
    case failed(String)
    /// Exit code 69.
    case notFound(String)
}

/// Writes a sentence to standard error.
func complain(_ sentence: String) {
    try? Descriptor.standardError.write(Array("\(printable(sentence))\n".utf8))
}

/// Runs `body` on the existing service; reports a failure and throws its exit code.
func onService(_ body: (Operations, Configuration) throws(CommandError) -> Void) throws(ExitCode) {
    try ending { () throws(CommandError) in
        let configuration = try configured { () throws(ConfigurationFault) in
            try Configuration.ofExistingService()
        }
        try body(service(configuration), configuration)
    }
}

/// The service of `configuration`, for the operator.
func service(_ configuration: Configuration, testIdentities: [TestIdentity] = []) -> Operations {
    Operations(
        Auth(
            policy: configuration.policy, store: configuration.store,
            client: Client(operatorIn: UUID.random().text), testIdentities: testIdentities))
}

/// Turns an error in `body` into a sentence and an exit code.
func ending(_ body: () throws(CommandError) -> Void) throws(ExitCode) {
    do throws(CommandError) {
        try body()
    } catch {
        switch error {
        case .failed(let reason):
            complain("latchkey: \(reason)")
            throw ExitCode(1)
        case .notFound(let what):
            complain("latchkey: \(what)")
            throw ExitCode(69)
        }
    }
}

/// Runs `body` and turns its refusals into a `CommandError`.
func asking<T>(_ body: () throws(AuthError) -> T) throws(CommandError) -> T {
    do throws(AuthError) {
        return try body()
    } catch {
        throw .failed(error.reason)
    }
}

/// Reads the configuration in `body` and turns its faults into a `CommandError`.
func configured<T>(_ body: () throws(ConfigurationFault) -> T) throws(CommandError) -> T {
    do throws(ConfigurationFault) {
        return try body()
    } catch {
        throw .failed(error.reason)
    }
}
