// Sends statements to the server: prepared once and reused, one by one or several in one round trip.

import CPostgreSQL
import Platform

extension Connection {
    /// Runs `statements` in one round trip. `read` gets the first row of the last.
    func firstOfLast<T>(_ statements: [Statement], _ read: (Row) -> T) throws(PostgreSQLError) -> T? {
        try rows(of: statements).last?.first(read)
    }

    /// Runs a statement, after those that are queued; the caller clears the result.
    func execute(_ sql: StaticString, _ values: [Value]) throws(PostgreSQLError) -> OpaquePointer {
        guard queued.isEmpty, let place = place(of: sql) else {
            var results: [OpaquePointer] = []
            try pipeline(taken() + [(sql, values)], &results)
            let last = results.removeLast()
            for result in results { PQclear(result) }
            return last
        }
        let parameters = try Parameters(values, of: sql)
        let result = parameters.withArrays { _, values, lengths, formats in
            PQexecPrepared(handle, String(place), parameters.count, values, lengths, formats, 1)
        }
        guard isGood(result), let result else {
            defer { PQclear(result) }
            throw failed(result, sql.description)
        }
        changeCount += Int64(count(result))
        return result
    }

    /// Runs `statements`, and then COMMIT, if wanted, in one round trip (libpq's pipeline mode), which also prepares those that
    /// are new. Adds the statements' results to `results`, which the caller clears. After an error the server skips the rest,
    /// COMMIT too, and there are no results.
    func pipeline(
        _ statements: [Statement], andCommit: Bool = false, _ results: inout [OpaquePointer]
    ) throws(PostgreSQLError) {
        var parameters: [Parameters] = []
        for (sql, values) in statements { parameters.append(try Parameters(values, of: sql)) }
        // The answer to `endReading`.
        while let result = PQgetResult(handle) { PQclear(result) }
        guard PQenterPipelineMode(handle) == 1 else { throw failed(nil, "") }
        var sent = kept
        let isNew = zip(statements, parameters).map { send($0.sql, $1, &sent) }
        if andCommit { _ = PQsendQueryParams(handle, "COMMIT", 0, nil, nil, nil, nil, 0) }
        PQpipelineSync(handle)
        var error: PostgreSQLError?
        for (index, (sql, _)) in statements.enumerated() {
            if isNew[index] {
                let result = next(of: sql.description, &error)
                if result != nil { kept.append(sql) }
                PQclear(result)
            }
            if let result = next(of: sql.description, &error) {
                changeCount += Int64(count(result))
                results.append(result)
            }
        }
        if andCommit { PQclear(next(of: "COMMIT", &error)) }
        if !isLost { PQclear(PQgetResult(handle)) }
        PQexitPipelineMode(handle)
        guard var error else { return }
        for result in results { PQclear(result) }
        results = []
        // A server that ends a connection first sends an error. The connection is only seen to be lost afterwards.
        if isLost {
            error = error.withLostConnection
            failure = error
        }
        throw error
    }

    /// Sends a statement of a pipeline; returns whether it is prepared first. `sent`: what is prepared when it runs.
    private func send(_ sql: StaticString, _ parameters: Parameters, _ sent: inout [StaticString]) -> Bool {
        parameters.withArrays { types, values, lengths, formats in
            if isPooled {
                _ = PQsendQueryParams(handle, pointer(sql), parameters.count, types, values, lengths, formats, 1)
                return false
            }
            let known = sent.firstIndex { isSame($0, sql) }
            let name = String(known ?? sent.count)
            if known == nil {
                _ = PQsendPrepare(handle, name, pointer(sql), parameters.count, types)
                sent.append(sql)
            }
            _ = PQsendQueryPrepared(handle, name, parameters.count, values, lengths, formats, 1)
            return known == nil
        }
    }

    /// The result of a pipeline's next message, which belongs to `sql`; nil after an error, which is then in `error`.
    private func next(of sql: String, _ error: inout PostgreSQLError?) -> OpaquePointer? {
        let result = PQgetResult(handle)
        // The end of this message's results.
        if result != nil { PQclear(PQgetResult(handle)) }
        if error == nil, isGood(result) { return result }
        // PGRES_PIPELINE_ABORTED follows the statement that failed.
        if error == nil { error = failed(result, sql) }
        PQclear(result)
        return nil
    }

    /// Prepares `sql`, unless the server has done so, or a pooler stands between.
    func prepare(_ sql: StaticString, _ values: [Value]) throws(PostgreSQLError) {
        let parameters = try Parameters(values, of: sql)
        guard !isPooled, place(of: sql) == nil else { return }
        let result = parameters.withArrays { types, _, _, _ in
            PQprepare(handle, String(kept.count), pointer(sql), parameters.count, types)
        }
        defer { PQclear(result) }
        guard isGood(result) else { throw failed(result, sql.description) }
        kept.append(sql)
    }

    /// The place of `sql` among the statements that the server has prepared.
    private func place(of sql: StaticString) -> Int? { kept.firstIndex { isSame($0, sql) } }

    /// The program's SQL texts are identified by their addresses.
    private func isSame(_ a: StaticString, _ b: StaticString) -> Bool {
        a.utf8Start == b.utf8Start && a.utf8CodeUnitCount == b.utf8CodeUnitCount
    }

    func pointer(_ sql: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    func isGood(_ result: OpaquePointer?) -> Bool {
        let status = PQresultStatus(result)
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
    }

    /// The error of `result`; the current transaction can't commit any more.
    func failed(_ result: OpaquePointer?, _ sql: String) -> PostgreSQLError {
        let error = PostgreSQLError(result, on: handle, sql: sql)
        if failure == nil { failure = error }
        return error
    }

    /// How many rows `result` changed.
    func count(_ result: OpaquePointer) -> Int {
        // "SELECT 3", "UPDATE 3", "INSERT 0 3": PQcmdTuples is the last number.
        guard let status = PQcmdStatus(result), UInt8(bitPattern: status.pointee) != UInt8(ascii: "S"),
            let digits = PQcmdTuples(result)
        else { return 0 }
        var number = 0
        var digit = digits
        while digit.pointee != 0 {
            number = number * 10 + Int(UInt8(bitPattern: digit.pointee) - UInt8(ascii: "0"))
            digit += 1
        }
        return number
    }
}
