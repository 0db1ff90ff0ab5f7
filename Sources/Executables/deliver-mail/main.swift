// Sends the mail that waits in the outbox, and ends. Requests start it; so may cron.
//
// It is no endpoint: under a web server it does nothing and says so. What goes wrong is noted in the
// outbox and in `latchkey.log`. Exit codes: 0, 1 for a failure, 64 under a web server.

import Auth
import AuthAPI
import System

/// What happened goes to standard error, for whoever runs it by hand, and to the log, if it is known.
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
        return try Configuration(documentRoot: nil)
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

if Environment.value("GATEWAY_INTERFACE") != nil || Environment.value("REQUEST_METHOD") != nil {
    try? Descriptor.standardError.write(Array("deliver-mail does not run under a web server\n".utf8))
    Signals.exit(64)
}
File.keepNewFilesPrivate()
Signals.ignoreWriteSignals()

func deliver() {
    let configuration = readConfiguration()
    let (mailer, identities) = readMailSettings(configuration)
    let auth = Auth(
        policy: configuration.policy, state: configuration.state, journal: configuration.journal,
        client: Client(address: nil, requestID: ""), testIdentities: identities)
    do throws(AuthError) {
        try auth.deliverMail(by: mailer) { report($0, to: configuration) }
    } catch {
        fail(error.reason, configuration)
    }
}

deliver()
