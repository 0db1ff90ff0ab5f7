// One request by CGI: environment and standard input in, one write out.
//
// 1. The answer leaves in a single write with its length, so that a server never sees half of one.
// 2. After that write nothing more is done: servers end a process whose answer is complete.
// 3. A trap answers with the bytes that were laid ready before any work began.
// 4. Arguments are ignored: servers pass words of the query as such.

import System

/// The way between a web server and a handler.
package enum Gateway {
    /// Answers the request that the process was started for, and ends the process: with 0 if
    /// the answer was written whole, else 1. `trapped` is what the client gets if `handle` traps.
    package static func serve(
        trapped: Response, _ handle: (Request) -> Response
    ) -> Never {
        File.keepNewFilesPrivate()
        Signals.answerTraps(with: trapped.serialized())
        let request = Request(parameters: Parameters(Environment.entries)) { limit in
            do throws(SystemError) {
                return try Descriptor.standardInput.read(upTo: limit)
            } catch {
                return nil
            }
        }
        let answer = handle(request).serialized(headOnly: request.method == .head)
        Signals.forgetTrapAnswer()
        do throws(SystemError) {
            try Descriptor.standardOutput.write(answer)
        } catch {
            Signals.exit(1)
        }
        Signals.exit(0)
    }
}
