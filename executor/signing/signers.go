package signing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Signers are the keys that may sign, as a file of allowed signers lists them. See ALLOWED SIGNERS in ssh-keygen(1).
type Signers struct {
	file string
	list []signer
}

type signer struct {
	line          int
	principals    string // a list of patterns
	key           ssh.PublicKey
	authority     bool   // the key signs certificates
	namespaces    string // a list of patterns, "" for all
	after, before time.Time
}

// ParseSigners reads a file of allowed signers; name is for messages. A line that ssh-keygen would not take is an error.
func ParseSigners(name string, text []byte) (*Signers, error) {
	s := &Signers{file: name}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parsed, err := parseSigner(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		parsed.line = n
		s.list = append(s.list, parsed)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(s.list) == 0 {
		return nil, fmt.Errorf("%s: it has no signer", name)
	}
	return s, nil
}

func parseSigner(line string) (s signer, err error) {
	var rest string
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		s.principals, rest, _ = strings.Cut(quoted, `"`)
	} else if end := strings.IndexAny(line, " \t"); end > 0 {
		s.principals, rest = line[:end], line[end:]
	}
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(rest)))
	if err != nil || s.principals == "" {
		return s, errors.New("it is not a signer: principals, options, type and key, as in an allowed_signers file")
	}
	s.key = key
	for _, option := range options {
		if err := s.option(option); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *signer) option(text string) (err error) {
	name, value, _ := strings.Cut(text, "=")
	value = strings.Trim(value, `"`)
	switch strings.ToLower(name) {
	case "cert-authority":
		s.authority = true
	case "namespaces":
		if s.namespaces = value; value == "" {
			err = errors.New("namespaces is empty")
		}
	case "valid-after":
		s.after, err = timestamp(value)
	case "valid-before":
		s.before, err = timestamp(value)
	default:
		err = fmt.Errorf("there is no option %q for a signer", name)
	}
	return err
}

// timestamp reads YYYYMMDD[HHMM[SS]][Z]; without a Z it is local time.
func timestamp(text string) (time.Time, error) {
	digits, utc := strings.CutSuffix(text, "Z")
	zone := time.Local
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time like 20260131, 202601311200 or 20260131120000Z", text)
}

// refuses says why a signer does not make a signature with a key valid, or "". It is not mine when the key has nothing to do with
// the signer.
func (s *signer) refuses(key ssh.PublicKey, times []time.Time) (reason string, mine bool) {
	cert, isCert := key.(*ssh.Certificate)
	switch {
	case !s.authority && !same(s.key, key), s.authority && (!isCert || !same(s.key, cert.SignatureKey)):
		return "", false
	case s.namespaces != "" && !matches(Namespace, s.namespaces):
		return fmt.Sprintf("is not for the namespace %q", Namespace), true
	}
	for _, t := range times {
		switch {
		case !s.after.IsZero() && t.Before(s.after):
			return "is not valid before " + s.after.Format(time.RFC3339), true
		case !s.before.IsZero() && t.After(s.before):
			return "is not valid after " + s.before.Format(time.RFC3339), true
		case s.authority && !s.certifies(cert, t):
			return "has a certificate that is not valid for one of the principals here", true
		}
	}
	return "", true
}

func same(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// certifies reports whether a certificate of the authority is valid for one of the signer's principals.
func (s *signer) certifies(cert *ssh.Certificate, at time.Time) bool {
	checker := &ssh.CertChecker{Clock: func() time.Time { return at }}
	for _, principal := range cert.ValidPrincipals {
		if cert.CertType == ssh.UserCert && matches(principal, s.principals) && checker.CheckCert(principal, cert) == nil {
			return true
		}
	}
	return false
}

// matches reports whether a name matches a list of patterns, as PATTERNS in ssh_config(5) has them: * and ?, and ! before one that
// must not match.
func matches(name, patterns string) bool {
	found := false
	for pattern := range strings.SplitSeq(patterns, ",") {
		pattern, negated := strings.CutPrefix(pattern, "!")
		if !wildcard(pattern).MatchString(name) {
			continue
		}
		if negated {
			return false
		}
		found = true
	}
	return found
}

func wildcard(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	return regexp.MustCompile(`(?s)\A` + strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted) + `\z`)
}
