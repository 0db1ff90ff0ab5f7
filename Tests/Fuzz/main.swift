// Fuzzers for everything that parses text from a stranger, or from an operator in a hurry.
//
// One executable holds them all; PARSER names the one to run, and the arguments are libFuzzer's: `PARSER=json fuzz
// -max_total_time=60 corpus/json`. Each looks for traps and also checks what must hold of accepted text. `Tests/Fuzz/run
// SECONDS` builds and runs every one.

import Glibc

let parsers: [String: @Sendable ([UInt8]) -> Void] = [
    "json": checkJSON,
    "query": checkQuery,
    "headers": checkHeaders,
    "email": checkEmail,
    "bearer": checkBearer,
    "key": checkKey,
    "cidr": checkCIDR,
    "settings": checkSettings,
]

guard let name = getenv("PARSER").map({ String(cString: $0) }), let check = parsers[name] else {
    print("PARSER must be one of \(parsers.keys.sorted().joined(separator: " "))")
    exit(2)
}
exit(fuzz(check))
