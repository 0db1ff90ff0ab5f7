// GET /auth/api-keys/ with x-api-key in C: the baseline for the Swift executable list-api-keys.

#include "baseline.h"

#include <argon2.h>

struct key {
    uuid id, project;
    const char *scopes;  // NULL: all
    bool was_used;
    int64_t last_used_at;
};

static _Noreturn void refuse_key(void) { refuse("401 Unauthorized", "invalid_api_key"); }

// `sk_` and the base64url of 28 random bytes and their CRC-32.
static void judge_form(const char *secret) {
    uint8_t bytes[64];
    if (strlen(secret) != 46 || memcmp(secret, "sk_", 3) != 0 || decode(secret + 3, 43, bytes) != 32)
        refuse_key();
    uint32_t sum = UINT32_MAX;
    for (int i = 0; i < 28; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (0xEDB88320 & -(sum & 1));
    }
    sum = ~sum;
    for (int i = 0; i < 4; i++)
        if (bytes[28 + i] != (uint8_t)(sum >> (24 - i * 8))) refuse_key();
}

// Base64 with + and /, as in PHC strings, without padding.
static ssize_t decode_standard(const char *text, size_t count, uint8_t *bytes, size_t limit) {
    char url[128];
    if (count >= sizeof url || count * 3 / 4 >= limit) return -1;
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '-' || text[i] == '_') return -1;
        url[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    }
    return decode(url, count, bytes);
}

static bool take_cost(const char **text, const char *name, uint32_t most, uint32_t *cost) {
    int64_t number;
    if (!take(text, name) || !take_number(text, &number) || number > most) return false;
    *cost = number;
    return true;
}

static bool matches(const char *secret, const char *hash) {
    uint8_t salt[96], stored[96], tag[32];
    uint32_t memory, passes, lanes;
    const char *reader = hash;
    if (!take(&reader, "$argon2id$v=19$") || !take_cost(&reader, "m=", 65536, &memory)
        || !take_cost(&reader, ",t=", 16, &passes) || !take_cost(&reader, ",p=", 1, &lanes)
        || !take(&reader, "$"))
        fail();
    size_t count = strcspn(reader, "$");
    ssize_t salt_count = decode_standard(reader, count, salt, sizeof salt);
    if (salt_count < 8 || reader[count] != '$') fail();
    reader += count + 1;
    if (decode_standard(reader, strlen(reader), stored, sizeof stored) != sizeof tag) fail();
    argon2_context context = {
        .out = tag, .outlen = sizeof tag, .pwd = (uint8_t *)secret, .pwdlen = strlen(secret), .salt = salt,
        .saltlen = salt_count, .t_cost = passes, .m_cost = memory, .lanes = lanes, .threads = 1,
        .version = ARGON2_VERSION_13};
    if (argon2_ctx(&context, Argon2_id) != ARGON2_OK) fail();
    uint8_t difference = 0;
    for (size_t i = 0; i < sizeof tag; i++) difference |= tag[i] ^ stored[i];
    return difference == 0;
}

// Whether the key in columns 7 to 9 is valid: not deactivated, not expired, and not created by a clock that was ahead.
static bool is_active(sqlite3_stmt *row) {
    int64_t time = now();
    return sqlite3_column_type(row, 8) == SQLITE_NULL
           && (sqlite3_column_type(row, 7) == SQLITE_NULL || sqlite3_column_int64(row, 7) > time)
           && sqlite3_column_int64(row, 9) <= time + clock_tolerance;
}

// The key for `secret`, which must belong to `project`; NULL if the client sent none.
static struct key find_key(const char *secret, const uint8_t *project) {
    sqlite3_stmt *row = prepare(
        "SELECT k.id, k.project_id, k.created_by, k.prefix, k.name, k.scopes, k.last_used_at,\n"
        "       k.expires_at, k.deactivated_at, k.created_at, k.updated_at, k.replaces, k.replaced_by,\n"
        "       k.key_hash, u.is_active, CASE WHEN u.is_superuser = 1 THEN u.email END\n"
        "FROM api_keys AS k\n"
        "JOIN users AS u ON u.id = k.created_by\n"
        "JOIN members AS m ON m.user_id = k.created_by AND m.project_id = k.project_id\n"
        "WHERE k.prefix = $1 AND substr(u.email, 1, 8) <> 'deleted '",
        NULL);
    sqlite3_bind_text(row, 1, secret, 11, SQLITE_STATIC);
    while (step(row)) {
        if (!matches(secret, column_text(row, 13))) continue;
        struct key key = {0};
        memcpy(key.id, sqlite3_column_blob(row, 0), sizeof key.id);
        memcpy(key.project, sqlite3_column_blob(row, 1), sizeof key.project);
        if (sqlite3_column_type(row, 5) != SQLITE_NULL) key.scopes = strdup(column_text(row, 5));
        key.was_used = sqlite3_column_type(row, 6) != SQLITE_NULL;
        key.last_used_at = sqlite3_column_int64(row, 6);
        if (!is_active(row) || !sqlite3_column_int64(row, 14)
            || (project && memcmp(key.project, project, sizeof key.project) != 0))
            refuse_key();
        finish(row);
        return key;
    }
    refuse_key();
}

static bool grants(const char *scopes, const char *scope) {
    if (!scopes) return true;
    for (const char *word = scopes; *word;) {
        size_t count = strcspn(word, " ");
        bool is_open = count > 0 && word[count - 1] == '*';
        if (is_open ? strncmp(word, scope, count - 1) == 0
                    : count == strlen(scope) && memcmp(word, scope, count) == 0)
            return true;
        word += count + (word[count] == ' ');
    }
    return false;
}

// Records the use within a transaction. An error undoes it, but does not fail the request.
static void write_use(const struct key *key, int64_t time, int64_t recent) {
    if (!runs(statement_of("BEGIN IMMEDIATE"))) return;
    sqlite3_stmt *statement = number_of(epoch_sql) == epoch ? statement_of(
        "UPDATE api_keys SET last_used_at = $1\n"
        "WHERE id = $2 AND deactivated_at IS NULL\n"
        "    AND (last_used_at IS NULL OR last_used_at <= $3 OR last_used_at > $4)") : NULL;
    if (statement) {
        sqlite3_bind_int64(statement, 1, time);
        sqlite3_bind_blob(statement, 2, key->id, sizeof key->id, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, recent);
        sqlite3_bind_int64(statement, 4, time);
    }
    if ((!runs(statement) || !runs(statement_of("COMMIT"))) && sqlite3_get_autocommit(database) == 0)
        sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
}

// At most once a minute, and after earlier writers, if they finish soon.
static void note_use(const struct key *key) {
    static char path[path_limit + 32];
    int64_t time = now(), recent = time - 60000;
    if (key->was_used && key->last_used_at > recent && key->last_used_at <= time) return;
    end_reading();
    snprintf(path, sizeof path, "%s/writing.lock", home);
    int turn = strcmp(wanted_journal(), "wal") == 0 ? libc_open(path, O_RDWR | O_CREAT, 0600) : -1;
    if (turn < 0 || libc_lock_in_turn(turn, short_write_wait) != 0) {
        sqlite3_busy_timeout(database, short_write_wait);
        write_use(key, time, recent);
        sqlite3_busy_timeout(database, busy_timeout);
    }
    if (turn >= 0) close(turn);
}

static void add_optional_time(struct text *body, sqlite3_stmt *row, int column) {
    if (sqlite3_column_type(row, column) == SQLITE_NULL) add(body, "null");
    else add_time(body, sqlite3_column_int64(row, column));
}

static void add_scopes(struct text *body, const char *scopes) {
    add(body, "[");
    for (const char *word = scopes; *word;) {
        size_t count = strcspn(word, " ");
        if (word != scopes) add(body, ",");
        add(body, "\"");
        add_bytes(body, word, count);
        add(body, "\"");
        word += count + (word[count] == ' ');
    }
    add(body, "]");
}

static void add_optional_id(struct text *body, const char *name, sqlite3_stmt *row, int column) {
    if (sqlite3_column_type(row, column) != SQLITE_NULL) {
        add_id(body, name, sqlite3_column_blob(row, column));
        return;
    }
    add(body, name);
    add(body, "null");
}

static void add_key(struct text *body, sqlite3_stmt *row) {
    add_id(body, "{\"id\":", sqlite3_column_blob(row, 0));
    add(body, ",\"prefix\":");
    add_string(body, column_text(row, 3));
    add(body, ",\"name\":");
    add_string(body, column_text(row, 4));
    add(body, ",\"full_key\":null,\"scopes\":");
    if (sqlite3_column_type(row, 5) == SQLITE_NULL) add(body, "null");
    else add_scopes(body, column_text(row, 5));
    add(body, ",\"last_used_at\":");
    add_optional_time(body, row, 6);
    add(body, ",\"expires_at\":");
    add_optional_time(body, row, 7);
    add_flag(body, ",\"is_active\":", is_active(row));
    add(body, ",\"created_at\":");
    add_time(body, sqlite3_column_int64(row, 9));
    add(body, ",\"updated_at\":");
    add_time(body, sqlite3_column_int64(row, 10));
    add_optional_id(body, ",\"replaces\":", row, 11);
    add_optional_id(body, ",\"replaced_by\":", row, 12);
    add(body, "}");
}

static int64_t count_keys(const uint8_t *project) {
    sqlite3_stmt *row = prepare("SELECT count(*) FROM api_keys WHERE project_id = $1", project);
    if (!step(row)) fail();
    int64_t count = sqlite3_column_int64(row, 0);
    finish(row);
    return count;
}

static void add_page(struct text *body, const uint8_t *project, int64_t page, int64_t limit) {
    sqlite3_stmt *row = prepare(
        "SELECT id, project_id, created_by, prefix, name, scopes, last_used_at, expires_at,\n"
        "       deactivated_at, created_at, updated_at, replaces, replaced_by\n"
        "FROM api_keys WHERE project_id = $1 ORDER BY sequence DESC LIMIT $2 OFFSET $3",
        project);
    sqlite3_bind_int64(row, 2, limit);
    sqlite3_bind_int64(row, 3, (page - 1) * limit);
    add(body, "{\"items\":[");
    for (const char *between = ""; step(row); between = ",") {
        add(body, between);
        add_key(body, row);
    }
    end(row);
    int64_t total = count_keys(project), pages = (total - 1) / limit + 1;
    add_number(body, "],\"pagination\":{\"page\":", page);
    add_number(body, ",\"limit\":", limit);
    add_number(body, ",\"total\":", total);
    add_number(body, ",\"pages\":", pages < 1 ? 1 : pages);
    add(body, "}}");
}

// The last value of `name` in the query.
static int64_t number_in_query(const char *name, int64_t standard) {
    const char *query = getenv("QUERY_STRING");
    int64_t number = standard;
    for (size_t count = strlen(name); query && *query;) {
        if (strncmp(query, name, count) == 0 && query[count] == '=') {
            query += count + 1;
            if (!take_number(&query, &number) || number < 1 || (*query && *query != '&'))
                refuse("422 Unprocessable Content", "validation_error");
        }
        query += strcspn(query, "&");
        query += *query == '&';
    }
    return number;
}

int main(void) {
    begin();
    judge_request("list-api-keys", (const char *[]){"auth", "api-keys", NULL});
    read_configuration(non_empty("DOCUMENT_ROOT"));
    refuse_ambiguity();

    const char *secret = fields[api_key], *project_text = fields[project_id];
    if (secret && sent_authorization()) refuse("400 Bad Request", "ambiguous_credentials");
    if (!secret) refuse("401 Unauthorized", "not_authenticated");
    uuid project;
    bool has_project = project_text && strlen(project_text) == 36 && take_uuid(&project_text, project);
    judge_form(secret);

    open_database();
    struct key key = find_key(secret, has_project ? project : NULL);
    int64_t page = number_in_query("page", 1), limit = number_in_query("limit", 10);
    if (limit > 100) limit = 100;
    if (!has_project) refuse("422 Unprocessable Content", "validation_error");
    if (!grants(key.scopes, "api-keys:read")) refuse("403 Forbidden", "insufficient_scope");
    note_use(&key);
    // Reads after the use was recorded see it.
    if (sqlite3_get_autocommit(database)) begin_reading();
    struct text body = {0};
    add(&body, "{\"success\":true,\"data\":");
    add_page(&body, project, page, limit);
    add(&body, ",\"error\":null}");
    answer("200 OK", &body);
}
