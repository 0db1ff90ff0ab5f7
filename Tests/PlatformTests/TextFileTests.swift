// Files that people edit, as editors of other systems write them; and files without a name.

import Glibc
import Testing

@testable import Platform

private func plain(_ bytes: [UInt8]) -> String? { plainText(bytes).map { String(decoding: $0, as: UTF8.self) } }

@Suite struct TextFileTests {
    @Test func aByteOrderMarkAndCarriageReturnsAreNoPartOfAText() {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(plain(Array("a\nb\n".utf8)) == "a\nb\n")
        #expect(plain(mark + Array("a\r\nb\r\n".utf8)) == "a\nb\n")
        #expect(plain(mark) == "")
        #expect(plain([]) == "")
        #expect(plain(Array("a\rb".utf8)) == "a\nb")
        #expect(plain(Array("a\r\n\r\nb\n\rc".utf8)) == "a\n\nb\n\nc")
        // Only a mark at the beginning is a byte order mark.
        #expect(plain(Array("a".utf8) + mark) == "a\u{FEFF}")
    }

    @Test func whatIsNotUTF8IsRefusedByName() throws {
        #expect(plain([0xFF, 0xFE, 0x61, 0]) == nil)
        #expect(plain([0xFE, 0xFF, 0, 0x61]) == nil)
        #expect(plain([0x61, 0, 0x62, 0]) == nil)
        let path = "/tmp/latchkey-test-\(UUID.random().text)"
        try File.create(path, [0xFF, 0xFE, 0x61, 0])
        defer { File.remove(path) }
        do throws(SystemError) {
            _ = try File.readText(path, limit: 100)
            Issue.record("it was read")
        } catch {
            #expect(error.description == "\(path): not UTF-8")
        }
    }

    @Test func aFileWithoutANameIsOnADiskWhereThereIsNoneInMemory() throws {
        let folder = "/tmp/latchkey-test-\(UUID.random().text)"
        try File.createFolder(folder)
        defer { File.removeFolder(folder) }
        for folders in [[folder], ["/nonexistent", folder], [folder, "/nonexistent"]] {
            let file = try #require(UnnamedFile.openOnDisk("test", in: folders))
            defer { close(file) }
            try Descriptor(file).write(Array("abc".utf8))
            #expect(lseek(file, 0, SEEK_SET) == 0)
            #expect(try Descriptor(file).read(upTo: 10) == Array("abc".utf8))
            #expect(fcntl(file, F_GETFD) == FD_CLOEXEC)
            #expect(try File.names(in: folder).filter { $0.utf8.first != 0x2E } == [])
        }
        #expect(UnnamedFile.openOnDisk("test", in: ["/nonexistent"]) == nil)
    }
}
