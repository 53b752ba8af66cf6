package signing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Keys finds keys that sign.
type Keys struct {
	Agent string // the socket of an ssh-agent, or ""

	// Passphrase asks a person for the passphrase of an encrypted key. Nil asks nobody.
	Passphrase func(file string) ([]byte, error)
}

// Signer returns what signs with the key in a file: a private key, or a public one whose private key an ssh-agent has. The
// agent is asked first for the private key of an encrypted one. Done ends the use of the signer.
func (k Keys) Signer(ctx context.Context, file string) (signer ssh.Signer, done func(), err error) {
	done = func() {}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		return k.fromAgent(ctx, public)
	}
	signer, err = ssh.ParsePrivateKey(text)
	missing, encrypted := errors.AsType[*ssh.PassphraseMissingError](err)
	switch {
	case err == nil:
		return signer, done, nil
	case !encrypted:
		return nil, nil, fmt.Errorf("%s is not an SSH key that can sign here: %w; a key that only ssh-agent can use is named by its public key (.pub)", file, err)
	case missing.PublicKey != nil && k.Agent != "":
		if signer, done, err := k.fromAgent(ctx, missing.PublicKey); err == nil {
			return signer, done, nil
		}
	}
	if k.Passphrase == nil {
		return nil, nil, fmt.Errorf("%s is encrypted, and there is no terminal to ask for its passphrase; give it to ssh-agent: ssh-add %s", file, file)
	}
	passphrase, err := k.Passphrase(file)
	if err == nil {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(text, passphrase)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return signer, done, nil
}

func (k Keys) fromAgent(ctx context.Context, public ssh.PublicKey) (ssh.Signer, func(), error) {
	if k.Agent == "" {
		return nil, nil, errors.New("it is a public key, and there is no ssh-agent (SSH_AUTH_SOCK) that could have the private one")
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", k.Agent)
	if err != nil {
		return nil, nil, fmt.Errorf("ask ssh-agent: %w", err)
	}
	done := func() { _ = connection.Close() }
	signers, err := agent.NewClient(connection).Signers()
	if err == nil {
		for _, s := range signers {
			if same(s.PublicKey(), public) {
				return s, done, nil
			}
		}
		err = fmt.Errorf("ssh-agent does not have the key %s; give it to it: ssh-add KEY", keyName(public))
	}
	done()
	return nil, nil, err
}
