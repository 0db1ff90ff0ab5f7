// What every fuzzer uses: libFuzzer's loop, and an assertion that ends the run when it fails.

/// libFuzzer's own main, as its header FuzzerInterface.h declares it.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argc: UnsafeMutablePointer<Int32>,
    _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ check: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

nonisolated(unsafe) private var check: ([UInt8]) -> Void = { _ in }

/// Calls `body` with one text after another; returns libFuzzer's exit code.
func fuzz(_ body: @escaping ([UInt8]) -> Void) -> Int32 {
    check = body
    var argc = CommandLine.argc
    var argv = CommandLine.unsafeArgv
    return runDriver(&argc, &argv) { start, count in
        check(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
    }
}

/// Ends the run with `claim` unless it holds. Unlike a precondition it prints the claim in a release build.
func must(_ holds: Bool, _ claim: @autoclosure () -> String) {
    if !holds { fatalError("does not hold: \(claim())") }
}

/// `bytes` as a string, as from the environment: invalid UTF-8 is replaced.
func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// Whether `a` and `b` are the same bytes. `==` on strings also accepts canonical equivalents.
func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

/// `original` after the edits in `script`, three bytes each: a position (two) and the new byte.
func edited(_ original: String, by script: ArraySlice<UInt8>) -> [UInt8] {
    var bytes = Array(original.utf8)
    var script = script
    while script.count >= 3, !bytes.isEmpty {
        let edit = Array(script.prefix(3))
        script = script.dropFirst(3)
        bytes[(Int(edit[0]) << 8 | Int(edit[1])) % bytes.count] = edit[2]
    }
    return bytes
}
