// Which file systems belong to another machine or to a program.

import Glibc
import Testing

@testable import Platform

@Suite struct FileSystemTests {
    // NFS, CIFS, SMB2, SMB, FUSE, 9p; shared folders of virtual machines; cluster file systems; the rest that GNU coreutils
    // calls remote.
    @Test(
        arguments: [
            0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x517B, 0x6573_5546, 0x0102_1997, 0x786F_4256, 0xBACB_ACBC, 0x7C7C_6673,
            0x4750_4653, 0x0116_1970, 0x00C3_6400, 0x0BD0_0BD0, 0x7461_636F, 0x1983_0326, 0xAAD7_AAEA, 0x5346_414F, 0x7375_7245,
            0x2003_0528, 0x6163_6673, 0x6573_5543, 0x0131_11A8, 0x6B41_4653, 0x6E66_7364, 0x564C, 0xBEEF_DEAD, 0xA501_FCF5,
        ] as [UInt])
    func networkAndUserSpaceFileSystemsAreRemote(number: UInt) {
        #expect(File.isRemote(fileSystem: number))
    }

    // ext4, XFS, Btrfs, tmpfs, overlay, ZFS, none.
    @Test(arguments: [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x2FC1_2FC1, 0] as [UInt])
    func ordinaryOnesAreNot(number: UInt) {
        #expect(!File.isRemote(fileSystem: number))
    }

    @Test func aFileOfAnyTimeHasAMark() throws {
        let path = "/tmp/latchkey-system-\(UUID.random().text)"
        try File.create(path, [1])
        defer { File.remove(path) }
        var marks: [FileFingerprint] = []
        for seconds in [0, 10_413_792_000, -1_000_000_000] {
            var times = [timespec(tv_sec: seconds, tv_nsec: 5), timespec(tv_sec: seconds, tv_nsec: 5)]
            #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
            let mark = try #require(File.mark(path))
            #expect(!marks.contains(mark))
            marks.append(mark)
            #expect(!mark.isSettled(at: .now))
            #expect(mark.isSettled(at: Timestamp(milliseconds: .max)))
            #expect(try File.status(path)?.modifiedAt.seconds == Int64(seconds))
        }
    }

    @Test func aFileThatStaysIsAnError() throws {
        let path = "/tmp/latchkey-system-\(UUID.random().text)"
        try File.createFolder(path)
        defer { File.removeFolder(path) }
        try File.delete("\(path)/none")
        #expect(throws: SystemError.self) { try File.delete(path) }
        try File.create("\(path)/file", [])
        try File.delete("\(path)/file")
        #expect(try File.status("\(path)/file") == nil)
    }

    @Test func theTestsOwnFolderIsLocal() {
        #expect(!File.isRemote("/tmp") && !File.isRemote("/nowhere"))
    }
}
