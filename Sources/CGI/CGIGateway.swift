// The Common Gateway Interface (RFC 3875): a process answers one request, environment and standard input in, one write
// out. The other way, for processes that stay, is FastCGIServer.swift.
//
// 1. The answer leaves in a single write with its length, so that a server never sees half of one.
// 2. After that write nothing more is done: servers end a process whose answer is complete.
// 3. A trap answers with the bytes that were laid ready before any work began, and ends the process.
// 4. Arguments are ignored: servers pass words of the query as such.
// 5. What is left of the input is read before the answer is written: some servers lose the answer of a process
//    that ends before it has taken the whole body.
// 6. Settings come from the process's own environment; by FastCGI a request's parameters never become part of it.

import Platform

/// What becomes of one request.
package struct Turn {
    let trapped: [UInt8]
    let answer: (Request) -> Response

    /// `trapped` is what the client gets if `answer` traps: a whole answer's bytes.
    package init(trapped: [UInt8], answer: @escaping (Request) -> Response) {
        self.trapped = trapped
        self.answer = answer
    }
}

/// Bytes of the longest body that is read: more than the servers' configurations let through.
let longestBody = 2 << 20

/// The request of this process.
package enum CGIGateway {
    /// Answers it, and ends the process: with 0 if the answer was written whole, else 1.
    package static func serve(_ turn: Turn) -> Never {
        File.keepNewFilesPrivate()
        Signals.answerTraps()
        Signals.layReady(turn.trapped, on: .standardOutput)
        var taken = 0
        let request = Request(
            parameters: Parameters(Environment.entries),
            input: { limit in
                do throws(SystemError) {
                    let bytes = try Descriptor.standardInput.read(upTo: limit)
                    taken += bytes.count
                    return bytes
                } catch {
                    return nil
                }
            })
        let answer = turn.answer(request).serialized(headOnly: request.method == .head)
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
        let length = request.fields.first(.contentLength)
        var left =
            length == nil && request.endsWithInput
            ? longestBody : min(length.flatMap { Int($0) } ?? 0, longestBody) - taken
        while left > 0, let bytes = try? Descriptor.standardInput.read(upTo: min(left, 65536)), !bytes.isEmpty {
            left -= bytes.count
        }
    }
}
