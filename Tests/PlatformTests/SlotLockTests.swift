// Slots that processes share: a fixed number, each free again when its holder ends.

import Foundation
import Platform
import Testing

@Suite struct SlotLockTests {
    private let path = "/tmp/latchkey-slots-\(UUID.random().text)"

    private func slot(of count: Int = 2, atMost limit: Duration = .seconds(0)) throws -> SlotLock? {
        try SlotLock(waitingFor: path, slots: count, atMost: limit)
    }

    @Test func thereAreAsManyAsWereAskedFor() throws {
        defer { unlink(path) }
        var held = [try slot(), try slot()]
        #expect(held.allSatisfy { $0 != nil })
        #expect(try slot() == nil)
        held.removeLast()
        held.append(try slot())
        #expect(held.allSatisfy { $0 != nil })
        #expect(try slot() == nil)
    }

    @Test func aReleasedSlotGoesToTheCallerThatWaits() throws {
        defer { unlink(path) }
        var first = try slot(of: 1)
        #expect(first != nil)
        let (path, order) = (path, Order())
        Thread {
            let lock = try? SlotLock(waitingFor: path, slots: 1, atMost: .minutes(10))
            order.append(lock == nil ? -1 : 1)
        }.start()
        usleep(50_000)
        #expect(order.all == [])
        first = nil
        try wait { order.all.count == 1 }
        #expect(order.all == [1])
    }

    @Test func theWaitIsBounded() throws {
        defer { unlink(path) }
        let first = try slot(of: 1)
        let start = Timestamp.now
        #expect(try slot(of: 1, atMost: Duration(milliseconds: 100)) == nil)
        let waited = Timestamp.now - start
        // Two clocks, each in whole milliseconds.
        #expect(waited >= Duration(milliseconds: 90) && waited < .seconds(5))
        withExtendedLifetime(first) {}
    }

    @Test func aFolderThatIsNotThereIsAnError() {
        #expect(throws: SystemError.self) { try SlotLock(waitingFor: "/nonexistent/slots", slots: 1, atMost: .seconds(0)) }
    }

    // This test waits for no task: other tests may use all task threads for minutes.
    @Test func whoComesFirstHasTheLockFirst() throws {
        let path = "\(path).turns"
        defer { unlink(path) }
        var held: FileLock? = try FileLock(waitingFor: path)
        let order = Order()
        for number in 0..<5 {
            // One thread each: the kernel does the waiting.
            Thread {
                let lock = try? FileLock(inTurnFor: path, atMost: .minutes(10))
                order.append(lock == nil ? -1 : number)
                withExtendedLifetime(lock) {}
            }.start()
            // The next one starts once this one waits, however long a busy machine takes.
            try wait { try waiting(for: path) == number + 1 }
        }
        #expect(order.all == [] && held != nil)
        held = nil
        try wait { order.all.count == 5 }
        #expect(order.all == [0, 1, 2, 3, 4])
    }

    /// Waits until `condition` holds, five minutes at most.
    private func wait(until condition: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(300)
        while try !condition() {
            try #require(ContinuousClock.now < end)
            usleep(2000)
        }
    }

    /// How many wait for a lock on the file `path`, from kernel lines like "1: -> FLOCK ADVISORY WRITE 7 fe:00:12 0 EOF".
    private func waiting(for path: String) throws -> Int {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n")
            .count { $0.contains("-> FLOCK") && $0.contains(":\(status.st_ino) ") }
    }

    @Test func whoHasWaitedLongEnoughIsTold() throws {
        // Some servers start programs like this.
        var alarm = sigset_t()
        sigemptyset(&alarm)
        sigaddset(&alarm, SIGALRM)
        pthread_sigmask(SIG_BLOCK, &alarm, nil)
        let path = "\(path).limit"
        defer { unlink(path) }
        let held = try FileLock(waitingFor: path)
        let start = ContinuousClock.now
        #expect(try FileLock(inTurnFor: path, atMost: Duration(milliseconds: 200)) == nil)
        let waited = ContinuousClock.now - start
        #expect(waited >= .milliseconds(200) && waited < .seconds(5))
        withExtendedLifetime(held) {}
        #expect(throws: SystemError.self) { try FileLock(inTurnFor: "/nonexistent/turns", atMost: .seconds(1)) }
    }

    private final class Order: @unchecked Sendable {
        private let lock = NSLock()
        private var numbers: [Int] = []

        func append(_ number: Int) { lock.withLock { numbers.append(number) } }
        var all: [Int] { lock.withLock { numbers } }
    }

    @Test func aLockThatIsRefusedClosesItsFileOnce() throws {
        let path = "\(path).lock"
        defer { unlink(path) }
        let held = try FileLock(waitingFor: path)
        // If the refused lock closed its descriptor twice, it would close one opened in between.
        for _ in 0..<100 {
            let refused = try FileLock(trying: path)
            #expect(refused == nil)
            let descriptor = open("/dev/null", O_RDONLY)
            #expect(fcntl(descriptor, F_GETFD) >= 0)
            close(descriptor)
        }
        withExtendedLifetime(held) {}
    }
}
