// GET /auth/users/me in C as a FastCGI server: what the Swift executable is measured against when it
// stays. Its socket is descriptor 0.
//
// The database stays open, statements stay prepared, and a verified token is known by its hash until
// it expires. Session and account are looked up for every request.

#define RESIDENT
#include "twin.h"

#include <fcgiapp.h>
#include <setjmp.h>

static FCGX_Request request;
static jmp_buf next;

static _Noreturn void deliver(const struct text *whole) {
    if (!request.out) _exit(1);
    FCGX_PutStr(whole->bytes, whole->count, request.out);
    free(whole->bytes);
    longjmp(next, 1);
}

// A table that a token has one place in: whoever comes later takes it.
static struct known { uint8_t digest[SHA256_DIGEST_SIZE]; struct claims claims; } known[4096];

static struct known *place_of(const uint8_t *digest) {
    return &known[(digest[0] << 8 | digest[1]) % (sizeof known / sizeof *known)];
}

static struct claims read_or_known(const char *token) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, strlen(token), (const uint8_t *)token);
    sha256_digest(&context, sizeof proof.digest, proof.digest);
    struct known *place = place_of(proof.digest);
    if (memcmp(place->digest, proof.digest, sizeof proof.digest) != 0) return read_token(token);
    if (place->claims.expires_at * 1000 <= now()) refuse_token();
    return place->claims;
}

static void remember(const struct claims *claims) {
    struct known *place = place_of(proof.digest);
    memcpy(place->digest, proof.digest, sizeof proof.digest);
    place->claims = *claims;
}

static _Noreturn void respond(struct text *body) {
    new_request_id();
    judge_request();
    const char *token = bearer();
    single("HTTP_X_API_KEY");
    single("HTTP_X_PROJECT_ID");
    // The statements keep pointers to these.
    static struct claims claims;
    claims = read_or_known(token);
    bool is_new = !claims.is_proved;
    if (!database) open_database();
    body->count = 0;
    add(body, "{\"success\":true,\"data\":");
    add_account(body, &claims);
    if (is_new) remember(&claims);
    add(body, ",\"error\":null}");
    answer("200 OK", body);
}

int main(void) {
    static struct text body;
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    read_configuration();
    setjmp(next);
    while (FCGX_Accept_r(&request) >= 0) {
        environ = request.envp;
        respond(&body);
    }
}
