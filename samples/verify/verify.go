// Verifies an access token with only the key set: go run verify.go http://localhost:8000 TOKEN
// Prints its sub, or prints the reason and exits with 1. To verify many tokens, keep the key set for five minutes.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"
)

type Key struct{ Kid, Kty, Crv, X, Y string }

type Claims struct {
	Iss, Sub, Email string
	Exp             int64
}

// leeway is the number of seconds by which the two machines' clocks may differ.
const leeway = 30

// Verify returns the claims of token, if one of keys signed it for issuer and it has not expired.
func Verify(token string, keys []Key, issuer string) (*Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("no token")
	}
	var header struct{ Alg, Typ, Kid string }
	var claims Claims
	if json.Unmarshal(decode(parts[0]), &header) != nil || json.Unmarshal(decode(parts[1]), &claims) != nil {
		return nil, errors.New("no token")
	}
	// Accept one algorithm, whatever the token says, and never a key from its header: the sender chose both.
	if header.Alg != "ES256" || header.Typ != "JWT" {
		return nil, errors.New("another kind of token")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature := decode(parts[2]) // r || s
	for _, key := range keys {
		if key.Kid != header.Kid || key.Kty != "EC" || key.Crv != "P-256" {
			continue
		}
		public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(decode(key.X)), Y: number(decode(key.Y))}
		switch {
		case len(signature) != 64 || !ecdsa.Verify(public, digest[:], number(signature[:32]), number(signature[32:])):
			return nil, errors.New("a wrong signature")
		case claims.Iss != issuer:
			return nil, errors.New("another issuer")
		case time.Now().Unix() >= claims.Exp+leeway:
			return nil, errors.New("expired")
		}
		return &claims, nil
	}
	return nil, errors.New("an unknown key")
}

// decode returns the bytes that base64url text encodes; none if text is not base64url.
func decode(text string) []byte {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return bytes
}

func number(bytes []byte) *big.Int { return new(big.Int).SetBytes(bytes) }

func main() {
	sub, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "not verified:", err)
		os.Exit(1)
	}
	fmt.Println(sub)
}

func run(arguments []string) (string, error) {
	if len(arguments) != 2 {
		return "", errors.New("usage: verify BASE-URL TOKEN")
	}
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(arguments[0] + "/.well-known/jwks.json")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var set struct{ Keys []Key }
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&set) != nil {
		return "", errors.New("no key set")
	}
	claims, err := Verify(arguments[1], set.Keys, arguments[0])
	if err != nil {
		return "", err
	}
	return claims.Sub, nil
}
