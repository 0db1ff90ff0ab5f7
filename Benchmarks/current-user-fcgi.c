// GET /auth/users/me in C as a FastCGI server: the baseline for the persistent Swift executable. Its socket is descriptor 0.

#define RESIDENT
#include "baseline.h"

#include <fcgiapp.h>
#include <fastcgi.h>
#include <setjmp.h>

static FCGX_Request request;
static jmp_buf next;

static _Noreturn void deliver(const struct text *whole) {
    trap_answer_count = 0;
    if (!request.out) _exit(1);
    FCGX_PutStr(whole->bytes, whole->count, request.out);
    free(whole->bytes);
    longjmp(next, 1);
}

// Identifies a file, with values that change when its contents change.

struct mark {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec modified, changed;
    uid_t owner;
    mode_t mode;
};

// All zero if the file does not exist.
static struct mark mark_of(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return (struct mark){0};
    return (struct mark){status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim, status.st_uid, status.st_mode};
}

static bool is_same_time(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }
static bool is_same_file(struct mark a, struct mark b) { return a.device == b.device && a.number == b.number; }
static bool is_same(struct mark a, struct mark b) {
    return is_same_file(a, b) && a.size == b.size && is_same_time(a.modified, b.modified) && is_same_time(a.changed, b.changed);
}

// Whether every later change shows in the mark.
static bool is_settled(struct mark mark) {
    time_t time = now() / 1000 - 2;
    return mark.modified.tv_sec < time && mark.changed.tv_sec < time;
}

// The settings: read again when their file, the folder or the folder's owner has changed.

static char **process_environment;

static void renew_configuration(void) {
    static struct { struct mark folder, settings; char document_root[path_limit]; bool is_known; } known;
    static char path[path_limit + 32];
    const char *root = non_empty("DOCUMENT_ROOT");
    char **parameters = environ;
    environ = process_environment;
    const char *folder_path = non_empty("LATCHKEY_HOME");
    environ = parameters;
    if (!folder_path || strlen(folder_path) >= path_limit) fail();
    snprintf(path, sizeof path, "%s/latchkey.conf", folder_path);
    struct mark folder = mark_of(folder_path), settings = mark_of(path);
    if (known.is_known && is_same_file(known.folder, folder) && known.folder.owner == folder.owner
        && known.folder.mode == folder.mode && is_same(known.settings, settings)
        && strcmp(known.document_root, root ? root : "") == 0)
        return;
    known.is_known = false;
    strcpy(base_url, "http://localhost:8000");
    *journal = 0;
    allow_state_in_web_root = false;
    environ = process_environment;
    read_configuration(root);
    environ = parameters;
    if (!is_settled(settings) || (root && strlen(root) >= path_limit)) return;
    known.folder = folder;
    known.settings = settings;
    strcpy(known.document_root, root ? root : "");
    known.is_known = true;
}

// Keys, each valid while its file, and the file that names the signing key, are unchanged.

static struct known_key { char id[44], bytes[96]; struct mark file, current; int64_t end; } known_keys[8];

static struct mark mark_of_key(const char *id, const char *kind) {
    static char path[path_limit + 64];
    snprintf(path, sizeof path, "%s/keys/%s%s", home, id, kind);
    return mark_of(path);
}

// Looks for the key proof.key_id among the remembered keys.
static bool find_known_key(void) {
    for (size_t i = 0; i < sizeof known_keys / sizeof *known_keys; i++) {
        struct known_key *known = &known_keys[i];
        if (strcmp(known->id, proof.key_id) != 0) continue;
        if (is_same(known->file, mark_of_key(known->id, ".key")) && is_same(known->current, mark_of_key("current", ""))
            && is_good_until(known->end)) {
            memcpy(proof.key, known->bytes, sizeof known->bytes);
            return true;
        }
        *known->id = 0;
        return false;
    }
    return false;
}

static bool find_key_of_token(void) {
    static size_t place;
    if (find_known_key()) return true;
    if (!read_key()) return false;
    struct known_key *known = &known_keys[place];
    struct mark file = mark_of_key(proof.key_id, ".key"), current = mark_of_key("current", "");
    if (!is_settled(file) || !is_settled(current)) return true;
    known->end = end_of_key(proof.key_id);
    if (known->end == 0) return true;
    known->file = file;
    known->current = current;
    strcpy(known->id, proof.key_id);
    memcpy(known->bytes, proof.key, sizeof known->bytes);
    place = (place + 1) % (sizeof known_keys / sizeof *known_keys);
    return true;
}

// Verified tokens, by their hash. A token has one slot: a later token replaces an earlier one.

static struct known {
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct claims claims;
    char key_id[44], key[96];
} known[1024];

static struct known *place_of(const uint8_t *digest) {
    return &known[(digest[0] << 8 | digest[1]) % (sizeof known / sizeof *known)];
}

static struct claims read_or_known(const char *token) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, strlen(token), (const uint8_t *)token);
    sha256_digest(&context, sizeof proof.digest, proof.digest);
    struct known *place = place_of(proof.digest);
    if (memcmp(place->digest, proof.digest, sizeof proof.digest) == 0) {
        strcpy(proof.key_id, place->key_id);
        if (place->claims.expires_at * 1000 > now() && find_known_key() && memcmp(proof.key, place->key, sizeof place->key) == 0) {
            judge_claims(&place->claims);
            return place->claims;
        }
        memset(place->digest, 0, sizeof place->digest);
    }
    return read_token(token);
}

static void remember(const struct claims *claims) {
    struct known *place = place_of(proof.digest);
    free((char *)place->claims.issuer);
    memcpy(place->digest, proof.digest, sizeof proof.digest);
    place->claims = *claims;
    place->claims.issuer = strndup(claims->issuer, claims->issuer_count);
    strcpy(place->key_id, proof.key_id);
    memcpy(place->key, proof.key, sizeof place->key);
    if (!place->claims.issuer) abort();
}

// Uses the open database if it is still the one in the folder, of the same epoch, with the current schema; otherwise opens it again.
// All reads until the answer see one snapshot.
static void open_database(void) {
    static char path[path_limit + 32], opened_journal[sizeof journal];
    static struct mark file;
    snprintf(path, sizeof path, "%s/latchkey.db", home);
    if (database && strcmp(opened_journal, journal) == 0 && is_same_file(file, mark_of(path))) {
        begin_reading();
        if (number_of(version_sql) == schema_version && number_of(epoch_sql) == epoch) return;
    }
    forget_database();
    file = mark_of(path);
    strcpy(opened_journal, journal);
    connect_to_database();
}

// Requests that the web server itself refuses, or sends here from a folder of a site, get no answer of this endpoint.
static void judge_server(void) {
    static struct path script, path;
    const char *status = getenv("REDIRECT_STATUS"), *name = non_empty("SCRIPT_NAME");
    if (status && strlen(status) == 3 && atoi(status) >= 400) refuse("404 Not Found", "not_found");
    if (!name || !read_path(name, &script) || !read_target(&path)) return;
    int same = 0;
    while (same < script.count && same < path.count && script.parts[same].count == path.parts[same].count
           && memcmp(script.bytes + script.parts[same].start, path.bytes + path.parts[same].start, script.parts[same].count) == 0)
        same++;
    if (script.count > 1 && same == script.count - 1) refuse("404 Not Found", "not_at_root");
}

// The answer to a trap, as FastCGI records. Only the request's id differs, so it is built once.
static void lay_trap_answer_ready(void) {
    static size_t count;
    static char *id;
    static FCGI_Header head = {.version = 1, .type = FCGI_STDOUT};
    static FCGI_EndRequestRecord end = {.header = {.version = 1, .type = FCGI_END_REQUEST, .contentLengthB0 = 8}};
    trap_answer_count = 0;
    trap_output = request.ipcFd;
    if (count == 0) {
        count = write_trap_text(trap_answer + sizeof head, sizeof trap_answer - sizeof head - sizeof end);
        id = memmem(trap_answer, sizeof head + count, request_id, 36);
        head.contentLengthB1 = count >> 8;
        head.contentLengthB0 = count;
    }
    memcpy(id, request_id, 36);
    head.requestIdB1 = end.header.requestIdB1 = request.requestId >> 8;
    head.requestIdB0 = end.header.requestIdB0 = request.requestId;
    memcpy(trap_answer, &head, sizeof head);
    memcpy(trap_answer + sizeof head + count, &end, sizeof end);
    trap_answer_count = sizeof head + count + sizeof end;
}

// libfcgi ends a connection in its usual way: it also waits until the web server closes it. latchkey-fcgi closes it with
// the answer.
static _Noreturn void respond(struct text *body) {
    // The statements keep pointers to these.
    static struct claims claims;
    new_request_id();
    lay_trap_answer_ready();
    read_fields();
    judge_server();
    judge_request("current-user", (const char *[]){"auth", "users", "me", NULL});
    renew_configuration();
    refuse_ambiguity();
    claims = read_or_known(bearer());
    open_database();
    body->count = 0;
    add(body, "{\"success\":true,\"data\":");
    add_account(body, &claims);
    add(body, ",\"error\":null}");
    answer("200 OK", body);
}

int main(void) {
    static struct text body;
    libc_leave_no_core();
    csqlite_configure_for_one_thread();
    umask(077);
    answer_traps();
    process_environment = environ;
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    setjmp(next);
    while (FCGX_Accept_r(&request) >= 0) {
        environ = request.envp;
        respond(&body);
    }
}
