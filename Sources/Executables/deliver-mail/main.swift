// Sends the mail in the outbox, and exits. Requests start it, and cron may.
//
// It is not an endpoint: a web server that runs it gets 404, and no mail is sent. Failures are recorded in the outbox
// and in `latchkey.log`. Exit codes: 0, and 1 for a failure.

import API
import Auth
import Platform
import Settings
import Store

/// Reports go to standard error, for a user who runs it by hand, and to the log, if it is known.
func report(_ line: LogLine, to configuration: Configuration?) {
    try? Descriptor.standardError.write(line.bytes)
    if let configuration { try? File.append(configuration.state.logPath, line.bytes) }
}

func fail(_ reason: String, _ configuration: Configuration? = nil) -> Never {
    var line = LogLine(at: .now)
    line.add("event", "mail-failed")
    line.add("reason", reason)
    report(line, to: configuration)
    Signals.exit(1)
}

func readConfiguration() -> Configuration {
    do throws(ConfigurationFault) {
        // If it is started without LATCHKEY_HOME, for example by cron, it must not create a second service.
        return try Configuration.ofExistingService()
    } catch {
        fail(error.reason)
    }
}

func readMailSettings(_ configuration: Configuration) -> (mailer: Mailer, identities: [TestIdentity]) {
    do throws(ConfigurationFault) {
        return (try configuration.mailer(), try configuration.testIdentities())
    } catch {
        fail(error.reason, configuration)
    }
}

Signals.leaveNoCore()
Signals.endByFaults()
if Environment.value("GATEWAY_INTERFACE") != nil || Environment.value("REQUEST_METHOD") != nil { runNotFound() }
File.keepNewFilesPrivate()
Signals.ignoreWriteSignals()

func deliver() {
    let configuration = readConfiguration()
    // For an installation from before the mark existed, and for executables that have moved to a new folder since.
    configuration.state.noteMade(executables: try? Environment.executableFolder())
    let (mailer, identities) = readMailSettings(configuration)
    let auth = Auth(
        policy: configuration.policy, store: configuration.store,
        client: Client(address: nil, requestID: ""), testIdentities: identities)
    do throws(AuthError) {
        try auth.deliverMail(by: mailer) { report($0, to: configuration) }
    } catch {
        fail(error.reason, configuration)
    }
}

deliver()
