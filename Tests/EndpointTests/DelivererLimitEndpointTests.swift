// A mail command that hangs: a bounded number of processes wait for it, and other mail is still sent.

import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.serialized) struct DelivererLimitEndpointTests {
    private let home = Home(settings: "limit_send_per_ip = off\nlimit_send_total = off")

    /// A mail command that hangs for addresses that begin with `slow`, and writes other mail to a file.
    private func hangingCommand() -> String {
        let path = "\(home.path)/sendmail"
        let script = """
            #!/bin/sh
            for recipient; do :; done
            case $recipient in slow*) echo $$ >> "$HOME/hanging"; exec sleep 300 ;; esac
            cat > "$HOME/$recipient"
            """
        try! script.write(toFile: path, atomically: true, encoding: .utf8)
        chmod(path, 0o700)
        return path
    }

    /// The process ids of this state folder's deliverers.
    private var deliverers: [Int32] {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return ids.filter { id in
            guard (try? String(contentsOfFile: "/proc/\(id)/comm", encoding: .utf8)) == "deliver-mail\n",
                let environment = FileManager.default.contents(atPath: "/proc/\(id)/environ")
            else { return false }
            return environment.range(of: Data("LATCHKEY_HOME=\(home.path)\0".utf8)) != nil
        }
    }

    private func stop() {
        for id in deliverers { kill(id, SIGKILL) }
        let hanging = (try? String(contentsOfFile: "\(home.path)/hanging", encoding: .utf8)) ?? ""
        for id in hanging.split(separator: "\n").compactMap({ Int32($0) }) { kill(id, SIGKILL) }
    }

    private func seconds(until condition: () -> Bool, atMost limit: Double) -> Double? {
        let start = Date()
        while Date().timeIntervalSince(start) < limit {
            if condition() { return Date().timeIntervalSince(start) }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return nil
    }

    @Test(arguments: ["8", "3"]) func mailsThatHangTakeABoundedNumberOfProcessesAndHoldUpNobody(bound: String) {
        let settings = ["LATCHKEY_MAIL": "sendmail \(hangingCommand())", "LATCHKEY_DELIVERERS": bound]
        defer { stop() }
        for number in 0..<25 {
            #expect(home.post("send-code", #"{"email":"slow\#(number)@example.com"}"#, settings).status == 202)
        }
        // Deliverers without a place have exited.
        #expect(seconds(until: { deliverers.count <= Int(bound)! }, atMost: 5) != nil, "\(deliverers.count)")
        #expect(deliverers.count >= Int(bound)! - 1)
        for name in ["ann", "bob"] {
            #expect(home.post("send-code", #"{"email":"\#(name)@example.com"}"#, settings).status == 202)
            let waited = seconds(
                until: { FileManager.default.fileExists(atPath: "\(home.path)/\(name)@example.com") }, atMost: 25)
            #expect(waited != nil, "\(name)")
            // One more may stay to retry.
            #expect(deliverers.count <= Int(bound)! + 1)
        }
    }

    @Test func aPlaceIsFreeAgainWhenItsHolderIsKilled() {
        let settings = ["LATCHKEY_MAIL": "sendmail \(hangingCommand())", "LATCHKEY_DELIVERERS": "2"]
        defer { stop() }
        for number in 0..<3 {
            #expect(home.post("send-code", #"{"email":"slow\#(number)@example.com"}"#, settings).status == 202)
        }
        #expect(seconds(until: { deliverers.count == 2 }, atMost: 5) != nil)
        stop()
        #expect(seconds(until: { deliverers.isEmpty }, atMost: 5) != nil)
        #expect(home.post("send-code", #"{"email":"ann@example.com"}"#, settings).status == 202)
        #expect(seconds(until: { FileManager.default.fileExists(atPath: "\(home.path)/ann@example.com") }, atMost: 20) != nil)
    }
}
