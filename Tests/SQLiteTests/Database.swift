// Databases for these tests.

import Foundation
import Platform
import SQLite

func temporaryPath() -> String { "\(NSTemporaryDirectory())latchkey-sqlite-\(UUID.random().text).db" }

enum Stop: Error { case here, sqlite }
