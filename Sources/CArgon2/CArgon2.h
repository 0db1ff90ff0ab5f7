// The Argon2 reference library (RFC 9106).

#ifndef LATCHKEY_CARGON2_H
#define LATCHKEY_CARGON2_H

#include <argon2.h>

#endif
