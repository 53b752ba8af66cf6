package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// ageHeader begins everything that age encrypts (https://age-encryption.org/v1).
const ageHeader = "age-encryption.org/v1\n"

// Encrypted reports whether a content is encrypted.
func Encrypted(content []byte) bool { return bytes.HasPrefix(content, []byte(ageHeader)) }

// Recipients reads for whom to encrypt: each is an age recipient (age1...), an SSH public key, or a file of such lines.
func Recipients(words []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, word := range words {
		found, err := recipients(word)
		if err != nil {
			return nil, fmt.Errorf("recipient %q: %w", word, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func recipients(word string) ([]age.Recipient, error) {
	if isRecipient(word) {
		r, err := recipient(word)
		return []age.Recipient{r}, err
	}
	text, err := os.ReadFile(word)
	if err != nil {
		return nil, errors.New("it is neither an age recipient, nor an SSH key, nor a file of them")
	}
	var all []age.Recipient
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := recipient(line)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, errors.New("the file names nobody")
	}
	return all, nil
}

func isRecipient(word string) bool {
	return strings.HasPrefix(word, "age1") || strings.HasPrefix(word, "ssh-")
}

func recipient(word string) (age.Recipient, error) {
	if strings.HasPrefix(word, "ssh-") {
		return agessh.ParseRecipient(word)
	}
	return age.ParseX25519Recipient(word)
}

// Encrypt returns the content so that only the recipients can read it.
func Encrypt(content []byte, to []age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt the plan: %w", err)
	}
	return out.Bytes(), nil
}

// Decrypt returns the content of an encrypted plan, opened with the keys in a file: age identities or an SSH private key. Its
// error is a *DamagedError where no key would open the content; name is for its text.
func Decrypt(name string, content []byte, identityFile string) ([]byte, error) {
	keys, err := os.ReadFile(identityFile)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(keys))
	if err != nil {
		ssh, sshErr := agessh.ParseIdentity(keys)
		if sshErr != nil {
			return nil, fmt.Errorf("identity %s: it holds neither age identities (%w) nor an SSH key (%w)", identityFile, err, sshErr)
		}
		identities = []age.Identity{ssh}
	}
	r, err := age.Decrypt(bytes.NewReader(content), identities...)
	if noMatch, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, fmt.Errorf("the plan is encrypted, and %s does not open it: %w", identityFile, noMatch)
	}
	if err == nil {
		content, err = io.ReadAll(r)
	}
	if err != nil {
		return nil, &DamagedError{File: name, Reason: fmt.Sprintf("it is encrypted, and damaged: %v", err)}
	}
	return content, nil
}
