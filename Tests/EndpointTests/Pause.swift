// Waiting for other processes.

import Foundation

/// Gives other processes 25 ms.
func shortPause() {
    Thread.sleep(forTimeInterval: 0.025)
}

/// Runs `count` concurrent calls of `body`, and returns their results.
func inParallel<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> T) -> [T] {
    let lock = NSLock()
    nonisolated(unsafe) var results: [T] = []
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = count
    for index in 0..<count {
        queue.addOperation {
            let result = body(index)
            lock.withLock { results.append(result) }
        }
    }
    queue.waitUntilAllOperationsAreFinished()
    return results
}
