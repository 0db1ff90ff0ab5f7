// Sends statements to the server: prepared once and reused, one by one or several in one round trip.

import CPostgreSQL
import Platform

extension Connection {
    /// `begin` and `script` in one round trip. `read` gets the first row of the last statement.
    func batch<T>(
        _ begin: String, _ script: String, _ read: (Row) -> T
    ) throws(PostgreSQLError) -> T? {
        let sql = begin + script
        let result = PQexec(handle, sql)
        defer { PQclear(result) }
        guard isGood(result) else { throw failed(result, sql) }
        return result.flatMap { PQntuples($0) > 0 ? read(Row(result: $0, number: 0)) : nil }
    }

    /// Runs a statement; the caller clears the result.
    func execute(_ sql: StaticString, _ values: [Value]) throws(PostgreSQLError) -> OpaquePointer {
        if !queued.isEmpty {
            var results: [OpaquePointer] = []
            do throws(PostgreSQLError) {
                try pipeline(ready(taken() + [(sql, values)]), andCommit: false, &results)
            } catch {
                for result in results { PQclear(result) }
                throw error
            }
            for result in results.dropLast() {
                _ = count(result)
                PQclear(result)
            }
            return results[results.count - 1]
        }
        let parameters = try Parameters(values, of: sql)
        let result: OpaquePointer?
        if isPooled {
            result = parameters.withArrays { types, values, lengths, formats in
                PQexecParams(handle, pointer(sql), parameters.count, types, values, lengths, formats, 1)
            }
        } else {
            let name = String(try place(of: sql, parameters))
            result = parameters.withArrays { _, values, lengths, formats in
                PQexecPrepared(handle, name, parameters.count, values, lengths, formats, 1)
            }
        }
        guard isGood(result), let result else {
            defer { PQclear(result) }
            throw failed(result, sql.description)
        }
        return result
    }

    /// A statement that the server has prepared, and its values.
    typealias Ready = (sql: StaticString, name: String, parameters: Parameters)

    /// Prepares those of `statements` that the server has not prepared yet.
    func ready(_ statements: [(sql: StaticString, values: [Value])]) throws(PostgreSQLError) -> [Ready] {
        var ready: [Ready] = []
        for (sql, values) in statements {
            let parameters = try Parameters(values, of: sql)
            ready.append((sql, String(try place(of: sql, parameters)), parameters))
        }
        return ready
    }

    /// Runs `statements` in one round trip (libpq's pipeline mode), and then COMMIT, if wanted. Adds the statements' results
    /// to `results`, which the caller clears. After an error the server skips the rest, COMMIT too.
    func pipeline(
        _ statements: [Ready], andCommit: Bool, _ results: inout [OpaquePointer]
    ) throws(PostgreSQLError) {
        // The answer to `endReading`.
        while let result = PQgetResult(handle) { PQclear(result) }
        guard PQenterPipelineMode(handle) == 1 else { throw failed(nil, "") }
        for (_, name, parameters) in statements {
            _ = parameters.withArrays { _, values, lengths, formats in
                PQsendQueryPrepared(handle, name, parameters.count, values, lengths, formats, 1)
            }
        }
        if andCommit { _ = PQsendQueryParams(handle, "COMMIT", 0, nil, nil, nil, nil, 0) }
        PQpipelineSync(handle)
        var error: PostgreSQLError?
        for index in 0..<(statements.count + (andCommit ? 1 : 0)) {
            let isCommit = index == statements.count
            guard let result = PQgetResult(handle) else {
                error = error ?? failed(nil, isCommit ? "COMMIT" : statements[index].sql.description)
                break
            }
            if isGood(result) {
                if isCommit { PQclear(result) } else { results.append(result) }
            } else {
                // PGRES_PIPELINE_ABORTED follows the statement that failed.
                if error == nil { error = failed(result, isCommit ? "COMMIT" : statements[index].sql.description) }
                PQclear(result)
            }
            // The end of this statement's results.
            PQclear(PQgetResult(handle))
        }
        if !isLost { PQclear(PQgetResult(handle)) }
        PQexitPipelineMode(handle)
        guard var error else { return }
        // A server that ends a connection first sends an error. The connection is only seen to be lost afterwards.
        if isLost {
            error = error.withLostConnection
            failure = error
        }
        throw error
    }

    /// The index of `sql` among the statements that the server has prepared; prepares it if needed.
    func place(of sql: StaticString, _ parameters: Parameters) throws(PostgreSQLError) -> Int {
        // The program's SQL texts are identified by their addresses.
        if let place = kept.firstIndex(where: {
            $0.utf8Start == sql.utf8Start && $0.utf8CodeUnitCount == sql.utf8CodeUnitCount
        }) {
            return place
        }
        let result = parameters.withArrays { types, _, _, _ in
            PQprepare(handle, String(kept.count), pointer(sql), parameters.count, types)
        }
        defer { PQclear(result) }
        guard isGood(result) else { throw failed(result, sql.description) }
        kept.append(sql)
        return kept.count - 1
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
        changeCount += Int64(number)
        return number
    }
}
