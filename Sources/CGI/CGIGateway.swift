// The Common Gateway Interface (RFC 3875): a process answers one request, from environment and standard input, in one
// write. Long-lived processes use FastCGIServer.swift instead.
//
// 1. The answer is a single write with its length, so that a server never sees half of it.
// 2. Nothing happens after that write: servers kill a process whose answer is complete.
// 3. A trap writes the answer that was prepared before any work began, and ends the process.
// 4. Arguments are ignored: servers pass words of the query as arguments.
// 5. The rest of the input is read before the answer is written: some servers lose the answer of a process that ends
//    before it has read the whole body.
// 6. Settings come from the process's own environment. With FastCGI, a request's parameters never become part of it.

import Platform

/// How one request is answered.
package struct Turn {
    let trapped: [UInt8]
    let answer: (Request) -> Response

    /// `trapped` are the bytes that the client gets if `answer` traps: a whole answer.
    package init(trapped: [UInt8], answer: @escaping (Request) -> Response) {
        self.trapped = trapped
        self.answer = answer
    }
}

/// The most bytes of a body that are read: more than the servers' configurations allow.
let longestBody = 2 << 20

/// The request of this process.
package enum CGIGateway {
    /// Answers it, and exits: with 0 if the answer was written completely, otherwise 1.
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

    /// Reads the rest of the body, up to the size that a server would pass on.
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
