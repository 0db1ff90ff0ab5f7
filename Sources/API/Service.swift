// What an executable needs to answer: its configuration, and a cache if it answers more than one request.

import Auth
import CGI
import Platform
import Settings
import Store

/// The service in one process.
final class Service {
    /// nil in a process that answers one request.
    let cache: ProcessCache?
    private var known: Known?
    private var unclosed: Auth?

    init(isPersistent: Bool) {
        cache = isPersistent ? ProcessCache() : nil
    }

    /// A configuration, and the files that it came from.
    private struct Known {
        let configuration: Configuration
        let sources: Sources
        let documentRoot: String?

        func isFor(documentRoot other: String?) -> Bool {
            guard let documentRoot, let other else { return documentRoot == nil && other == nil }
            return documentRoot.isSame(as: other)
        }
    }

    /// The operator's current configuration, checked for a server whose document root is `documentRoot`. It is read
    /// again when its file has changed, or the folder is another one or has another owner or mode.
    func configuration(documentRoot: String?) throws(ConfigurationFault) -> Configuration {
        guard cache != nil else { return try Configuration(documentRoot: documentRoot) }
        let sources = try Sources()
        if let known, let sources, known.sources == sources, known.isFor(documentRoot: documentRoot) {
            return known.configuration
        }
        known = nil
        let configuration = try Configuration(documentRoot: documentRoot)
        if let sources, sources.areSettled(at: .now) {
            known = Known(configuration: configuration, sources: sources, documentRoot: documentRoot)
        }
        return configuration
    }

    /// A process of one request ends with its answer, which releases its locks. Closing the database of `auth` first would
    /// only delay the answer, by about 5 percent.
    func spareClosing(_ auth: Auth) {
        if cache == nil { unclosed = auth }
    }

    /// Whether a process that has answered `count` requests should be replaced.
    func hasReachedMaxRequests(_ count: Int) -> Bool {
        count >= known?.configuration.settings.fastCGIRequests ?? Settings.defaultFastCGIRequests
    }

    private struct Sources: Equatable {
        private let home: String
        private let folder: FileIdentity
        private let owner, permissions: UInt32
        private let settings: FileFingerprint?

        /// The current files; nil if there is no state folder.
        init?() throws(ConfigurationFault) {
            do throws(StateFault) {
                home = try Configuration.home()
            } catch {
                throw ConfigurationFault(reason: "state folder: \(error.reason)")
            }
            guard let status = (try? File.status(home)) ?? nil else { return nil }
            folder = status.identity
            owner = status.owner
            permissions = status.permissions
            settings = File.mark("\(home)/\(StateFolder.settingsName)")
        }

        func areSettled(at now: Timestamp) -> Bool { settings?.isSettled(at: now) ?? true }

        static func == (a: Sources, b: Sources) -> Bool {
            a.home.isSame(as: b.home) && a.folder == b.folder && a.owner == b.owner
                && a.permissions == b.permissions && a.settings == b.settings
        }
    }
}
