// One request by CGI: environment and standard input in, one write out.
//
// 1. The answer leaves in a single write with its length, so that a server never sees half of one.
// 2. After that write nothing more is done: servers end a process whose answer is complete.
// 3. A trap answers with the bytes that were laid ready before any work began.
// 4. Arguments are ignored: servers pass words of the query as such.
// 5. What is left of the input is read before the answer is written: some servers lose the answer of a process
//    that ends before it has taken the whole body.

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
        var taken = 0
        let request = Request(parameters: Parameters(Environment.entries)) { limit in
            do throws(SystemError) {
                let bytes = try Descriptor.standardInput.read(upTo: limit)
                taken += bytes.count
                return bytes
            } catch {
                return nil
            }
        }
        let answer = handle(request).serialized(headOnly: request.method == .head)
        discardInput(of: request, taken: taken)
        Signals.forgetTrapAnswer()
        do throws(SystemError) {
            try Descriptor.standardOutput.write(answer)
        } catch {
            Signals.exit(1)
        }
        Signals.exit(0)
    }

    /// Reads the rest of the body, as far as it is one that a server would pass on.
    private static func discardInput(of request: Request, taken: Int) {
        let length = request.parameters.nonEmpty("CONTENT_LENGTH")
        var left =
            length == nil && request.parameters.nonEmpty("HTTP_TRANSFER_ENCODING") != nil
            ? longestBody : min(length.flatMap { Int($0) } ?? 0, longestBody) - taken
        while left > 0, let bytes = try? Descriptor.standardInput.read(upTo: min(left, 65536)), !bytes.isEmpty {
            left -= bytes.count
        }
    }

    /// Bytes: more than lighttpd.conf lets through.
    private static let longestBody = 2 << 20
}
