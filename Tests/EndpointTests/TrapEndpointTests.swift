// A handler that traps still answers in full; the log names a faulty environment variable.

import Foundation
import Glibc
import TestSupport
import Testing

private let internalError = """
    500
    \(standardHeaders)
    Content-Length: <count>

    {"success":false,"data":null,"error":{"code":"internal_error","message":"Something went wrong in the service. Its log has the reason, under this request_id.","request_id":"<uuid>"}}
    """

@Suite struct TrapEndpointTests {
    /// Waits until `program` reads its standard input: a call whose first argument is descriptor 0. Where the kernel does not
    /// show calls, it waits 300 ms.
    private func waitUntilReading(_ program: Program) -> Bool {
        for _ in 0..<200 {
            guard let call = try? String(contentsOfFile: "/proc/\(program.id)/syscall", encoding: .utf8) else {
                Thread.sleep(forTimeInterval: 0.3)
                return true
            }
            if call.split(separator: " ").dropFirst().first == "0x0" { return true }
            shortPause()
        }
        return false
    }

    @Test(
        .enabled(if: !isFastCGI, "FastCGIProcessEndpointTests has traps of a process that stays"),
        arguments: ["send-code", "create-api-key"], [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP])
    func everyKindOfTrapAnswersWithTheWholeEnvelope(_ name: String, _ signal: Int32) {
        let home = Home()
        let program = home.start(name, ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "27"])
        #expect(waitUntilReading(program))
        kill(program.id, signal)
        let result = program.finish()
        let answer = Answer(result.output)
        #expect(result.exitCode == 1)
        #expect(answer.shown == internalError)
        #expect(answer.header("Content-Length") == String(answer.body.utf8.count))
        #expect(answer.header("X-Request-Id") == answer.field("request_id"))
    }

    @Test func aVariableThatIsNoSettingIsNamedInTheLogAndNowhereElse() {
        let home = Home()
        let body = #"{"email":"ada@example.com"}"#
        for (name, value, reason) in [
            ("LATCHKEY_NONSENSE", "1", "environment:LATCHKEY_NONSENSE: nonsense: unknown setting"),
            ("LATCHKEY_CODE_LENGTH", "5", "environment:LATCHKEY_CODE_LENGTH: code_length: must be a whole number from 6 to 8"),
        ] {
            let (answer, log) = home.run(
                "send-code", ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": String(body.utf8.count), name: value],
                body: body)
            #expect(answer.shown == internalError)
            #expect(!answer.body.contains(name))
            #expect(log.contains(reason), "\(log)")
            #expect(log.contains("request=\(answer.field("request_id"))"), "\(log)")
            #expect(log.split(separator: "\n").count == 1, "\(log)")
        }
    }
}
