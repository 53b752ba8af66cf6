// Package signing signs texts and checks their signatures, as `ssh-keygen -Y sign` and `ssh-keygen -Y verify` do: with SSH keys,
// and by files of allowed signers.
//
// The format is https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig. What is signed belongs to one purpose,
// the namespace, so that a signature of a git commit is none of a plan.
package signing

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Namespace is that of the signatures of plans.
const Namespace = "bitops-plan"

// Sign returns the signature of a text, in the form that ssh-keygen writes to files.
func Sign(text []byte, signer ssh.Signer) ([]byte, error) {
	signature, err := sshsig.Sign(bytes.NewReader(text), signer, sshsig.HashSHA512, Namespace)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return sshsig.Armor(signature), nil
}

// Key returns the key that a signature says it was made with, such as "ssh-ed25519 SHA256:...". Whether that is so, Verify tells.
func Key(signature []byte) string {
	parsed, err := sshsig.Unarmor(signature)
	if err != nil {
		return "a key that cannot be read"
	}
	return keyName(parsed.PublicKey)
}

func keyName(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }

// Verify checks the signature of a text, and returns the principals of the key that made it. The key has to be one of the
// signers, and valid at each of the times.
func (s *Signers) Verify(text, signature []byte, times ...time.Time) (principals string, err error) {
	parsed, err := sshsig.Unarmor(signature)
	if err != nil {
		return "", fmt.Errorf("its signature is not one of ssh-keygen -Y sign: %w", err)
	}
	if parsed.Namespace != Namespace {
		return "", fmt.Errorf("it was signed for %q, and not for %q", parsed.Namespace, Namespace)
	}
	if err := sshsig.Verify(bytes.NewReader(text), parsed, parsed.PublicKey, parsed.HashAlgorithm, Namespace); err != nil {
		return "", errors.New("its signature does not fit: what was signed was changed, or the signature was")
	}
	why := []string{"is not in " + s.file}
	for i := range s.list {
		switch reason, mine := s.list[i].refuses(parsed.PublicKey, times); {
		case mine && reason == "":
			return s.list[i].principals, nil
		case mine:
			why = append(why, fmt.Sprintf("%s (%s:%d)", reason, s.file, s.list[i].line))
		}
	}
	if len(why) > 1 {
		why = why[1:]
	}
	return "", fmt.Errorf("its key %s %s", keyName(parsed.PublicKey), strings.Join(why, "; "))
}
