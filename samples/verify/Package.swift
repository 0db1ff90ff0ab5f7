// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "verify",
    platforms: [.macOS(.v13)],
    dependencies: [.package(url: "https://github.com/apple/swift-crypto.git", "3.12.3"..<"5.0.0")],
    targets: [
        .executableTarget(
            name: "verify", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            path: ".", exclude: ["verify.go", "verify.mjs"], sources: ["Verify.swift"])
    ])
