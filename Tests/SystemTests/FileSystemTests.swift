// Which file systems are another machine's, or a program's.

import Testing

@testable import System

@Suite struct FileSystemTests {
    @Test(arguments: [0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x517B, 0x6573_5546, 0x0102_1997] as [UInt])
    func networkAndUserSpaceFileSystemsAreRemote(number: UInt) {
        #expect(File.isRemote(fileSystem: number))
    }

    // ext4, XFS, Btrfs, tmpfs, overlay, ZFS, none.
    @Test(arguments: [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x2FC1_2FC1, 0] as [UInt])
    func ordinaryOnesAreNot(number: UInt) {
        #expect(!File.isRemote(fileSystem: number))
    }

    @Test func theTestsOwnFolderIsLocal() {
        #expect(!File.isRemote("/tmp") && !File.isRemote("/nowhere"))
    }
}
