// The shape of every answer: `success`, `data`, `error`, always all three, in this order.

import Auth
package import CGI
import JSON
import Platform
import Store

/// The answer of an endpoint that succeeded.
package struct Reply {
    let status: Status
    let data: [UInt8]
    /// Header fields that this answer adds.
    let headers: [HeaderField]
    /// Replaces the envelope's own header fields, for an answer without an envelope.
    let bare: Bare?

    /// An answer whose form another standard defines.
    struct Bare {
        let type: String
        let caching: String
    }

    private init(_ status: Status, _ view: some View, headers: [HeaderField] = [], bare: Bare? = nil) {
        var json = JSONWriter()
        view.write(to: &json)
        self.init(status, json.bytes, headers: headers, bare: bare)
    }

    private init(_ status: Status, _ data: [UInt8], headers: [HeaderField], bare: Bare?) {
        self.status = status
        self.headers = headers
        self.bare = bare
        self.data = data
    }

    /// 200.
    package static func ok(_ view: some View, headers: [HeaderField] = []) -> Reply {
        Reply(.ok, view, headers: headers)
    }
    /// 200: a document in another standard's form, without the envelope. Caches may keep it, and any page may read it.
    package static func document(_ view: some View, cachedFor seconds: Int) -> Reply {
        Reply(
            .ok, view, headers: [HeaderField("Access-Control-Allow-Origin", "*")],
            bare: Bare(
                type: "application/json; charset=utf-8", caching: "public, max-age=\(seconds)"))
    }
    /// 200: text of the media type `type`, which caches must not keep.
    package static func text(_ text: String, type: String) -> Reply {
        Reply(.ok, Array(text.utf8), headers: [], bare: Bare(type: type, caching: "no-store"))
    }
    /// 201: something was created, and the answer contains it.
    package static func created(_ view: some View) -> Reply { Reply(.created, view) }
    /// 202: something will be done.
    package static func accepted(_ view: some View) -> Reply { Reply(.accepted, view) }
}

/// Whole answers.
package enum Envelope {
    /// The answer to a request that succeeded.
    package static func response(_ reply: Reply, requestID: String) -> Response {
        if let bare = reply.bare {
            let fields = headers(requestID, type: bare.type, caching: bare.caching)
            return Response(reply.status, headers: fields + reply.headers, body: reply.data)
        }
        var json = JSONWriter()
        json.object { json in
            json.member("success", true)
            json.name("data")
            json.written(reply.data)
            json.name("error")
            json.null()
        }
        return Response(
            reply.status, headers: headers(requestID) + reply.headers, body: json.bytes)
    }

    /// The answer to a request that failed. A 422 also has the published API's `detail`, and a 5xx has the id of its log
    /// line.
    package static func response(_ failure: Failure, requestID: String) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("success", false)
            json.name("data")
            json.null()
            json.name("error")
            json.object { json in
                json.member("code", failure.code.description)
                json.member("message", failure.message)
                if failure.status.rawValue >= 500 { json.member("request_id", requestID) }
            }
            if !failure.faults.isEmpty {
                json.name("detail")
                json.array { json in
                    for fault in failure.faults { write(fault, to: &json) }
                }
            }
        }
        return Response(
            failure.status, headers: headers(requestID) + failure.headers, body: json.bytes)
    }

    /// The answer to OPTIONS: only the methods.
    static func options(allow: String, requestID: String) -> Response {
        Response(
            .noContent,
            headers: [HeaderField("Allow", allow)] + headers(requestID).dropFirst(), body: nil)
    }

    private static func headers(
        _ requestID: String, type: String = "application/json; charset=utf-8",
        caching: String = "no-store"
    ) -> [HeaderField] {
        [
            HeaderField("Content-Type", type),
            HeaderField("Cache-Control", caching),
            HeaderField("X-Content-Type-Options", "nosniff"),
            HeaderField("X-Request-Id", requestID),
        ]
    }

    private static func write(_ fault: Fault, to json: inout JSONWriter) {
        json.object { json in
            json.name("loc")
            json.array { json in
                for step in fault.location {
                    switch step {
                    case .name(let name): json.string(name)
                    case .index(let index): json.integer(Int64(index))
                    }
                }
            }
            json.member("msg", fault.message)
            json.member("type", fault.type)
        }
    }
}

/// The answer that is prepared for a trap.
struct TrapAnswer {
    /// The whole answer to the request `id`.
    func bytes(requestID id: String) -> [UInt8] {
        Envelope.response(.internalError(reason: nil), requestID: id).serialized()
    }
}

/// The same for many requests. Only the request's id differs, so the rest is made once.
struct KeptTrapAnswer {
    private var bytes: [UInt8] = []
    /// The request's id in it.
    private var id: [UInt8] = []
    /// Where the id begins.
    private var places: [Int] = []

    /// The whole answer to the request `id`.
    mutating func bytes(requestID id: String) -> [UInt8] {
        let id = Array(id.utf8)
        if bytes.isEmpty {
            self.id = id
            bytes = TrapAnswer().bytes(requestID: String(decoding: id, as: UTF8.self))
            places = (0...bytes.count - id.count).filter { bytes[$0..<$0 + id.count].elementsEqual(id) }
        }
        for place in places { bytes.replaceSubrange(place..<place + id.count, with: id) }
        return bytes
    }
}
