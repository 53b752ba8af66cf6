package signing_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/executor/signing"
)

// keygen runs ssh-keygen in a directory and returns what it prints.
func keygen(t *testing.T, dir, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ssh-keygen", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// key makes a key, and returns its file and the line of its public key.
func key(t *testing.T, dir, kind string, args ...string) (file, public string) {
	t.Helper()
	testkit.Tool(t, "ssh-keygen")
	name := kind + fmt.Sprint(len(args))
	if out, err := keygen(t, dir, "", append([]string{"-q", "-t", kind, "-f", name, "-C", "", "-N", ""}, args...)...); err != nil {
		t.Fatal(out)
	}
	text, err := os.ReadFile(filepath.Join(dir, name+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name), strings.TrimSpace(string(text))
}

func sign(t *testing.T, keys signing.Keys, file, text string) []byte {
	t.Helper()
	signer, done, err := keys.Signer(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	signature, err := signing.Sign([]byte(text), signer)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func verify(t *testing.T, signers, text string, signature []byte) (string, error) {
	t.Helper()
	s, err := signing.ParseSigners("signers", []byte(signers))
	if err != nil {
		t.Fatal(err)
	}
	return s.Verify([]byte(text), signature, time.Now())
}

const text = "what is signed\n"

// What is signed here, ssh-keygen verifies; what ssh-keygen signs is verified here.
func TestBothWaysWithSSHKeygen(t *testing.T) {
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			file, public := key(t, dir, kind)
			signers := "alice@example.com " + public + "\n"
			write(t, filepath.Join(dir, "signers"), signers)
			write(t, filepath.Join(dir, "ours.sig"), string(sign(t, signing.Keys{}, file, text)))
			out, err := keygen(t, dir, text, "-Y", "verify", "-f", "signers", "-I", "alice@example.com", "-n", signing.Namespace, "-s", "ours.sig")
			if err != nil || !strings.Contains(out, "Good") {
				t.Errorf("ssh-keygen says %s", out)
			}
			theirs, err := keygen(t, dir, text, "-q", "-Y", "sign", "-f", file, "-n", signing.Namespace)
			if err != nil {
				t.Fatal(theirs)
			}
			who, err := verify(t, signers, text, []byte(theirs))
			if err != nil || who != "alice@example.com" {
				t.Errorf("%s: %v", who, err)
			}
		})
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each line of a file of allowed signers means what it means to ssh-keygen.
func TestAllowedSigners(t *testing.T) {
	dir := t.TempDir()
	file, public := key(t, dir, "ed25519")
	_, other := key(t, dir, "ecdsa")
	signature := sign(t, signing.Keys{}, file, text)
	write(t, filepath.Join(dir, "sig"), string(signature))
	for name, c := range map[string]struct{ signers, want string }{
		"the key":                          {"alice " + public, ""},
		"a comment and an empty line":      {"# the team\n\nalice " + public, ""},
		"several principals":               {"bob,alice " + public, ""},
		"principals in quotes":             {`"alice" ` + public, ""},
		"another key":                      {"alice " + other, "is not in signers"},
		"the key of a later line":          {"alice " + other + "\nalice " + public, ""},
		"its namespace":                    {`alice namespaces="bitops-plan" ` + public, ""},
		"a pattern of namespaces":          {`alice namespaces="git,bitops-*" ` + public, ""},
		"another namespace":                {`alice namespaces="git,file" ` + public, `is not for the namespace "bitops-plan"`},
		"a namespace that is left out":     {`alice namespaces="*,!bitops-plan" ` + public, "is not for the namespace"},
		"valid for long":                   {`alice valid-after="20200101",valid-before="20990101Z" ` + public, ""},
		"not valid yet":                    {`alice valid-after="20980101" ` + public, "is not valid before 2098-01-01"},
		"not valid any more":               {`alice valid-before=20200101000000Z ` + public, "is not valid after 2020-01-01T00:00:00Z"},
		"in two lines, of which one holds": {`alice valid-before="20200101" ` + public + "\nalice " + public, ""},
		"an authority, and no certificate": {"alice cert-authority " + public, "is not in signers"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(dir, "signers"), c.signers+"\n")
			out, theirs := keygen(t, dir, text, "-Y", "verify", "-f", "signers", "-I", "alice", "-n", signing.Namespace, "-s", "sig")
			_, ours := verify(t, c.signers, text, signature)
			if (ours == nil) != (theirs == nil) {
				t.Errorf("we say %v, ssh-keygen %s", ours, out)
			}
			if (ours == nil) != (c.want == "") || ours != nil && !strings.Contains(ours.Error(), c.want) {
				t.Errorf("%v, want %q", ours, c.want)
			}
		})
	}
}

func TestWhatIsNoFileOfSigners(t *testing.T) {
	_, public := key(t, t.TempDir(), "ed25519")
	for name, c := range map[string]struct{ signers, want string }{
		"nothing":             {"\n# nobody\n", "signers: it has no signer"},
		"a key without whose": {public, "signers:1: it is not a signer"},
		"no key":              {"alice ssh-ed25519 x", "signers:1: it is not a signer"},
		"an unknown option":   {"alice " + public + "\nbob no-touch " + public, `signers:2: there is no option "no-touch"`},
		"no time":             {"alice valid-after=soon " + public, `"soon" is not a time`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := signing.ParseSigners("signers", []byte(c.signers)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestForgeries(t *testing.T) {
	dir := t.TempDir()
	file, public := key(t, dir, "ed25519")
	signature := sign(t, signing.Keys{}, file, text)
	git, err := keygen(t, dir, text, "-q", "-Y", "sign", "-f", file, "-n", "git")
	if err != nil {
		t.Fatal(git)
	}
	for name, c := range map[string]struct {
		text      string
		signature []byte
		want      string
	}{
		"another text":      {"what was not signed\n", signature, "its signature does not fit"},
		"another namespace": {text, []byte(git), `it was signed for "git"`},
		"no signature":      {text, []byte("signed, alice"), "is not one of ssh-keygen -Y sign"},
		"half of one":       {text, signature[:len(signature)/2], "is not one of ssh-keygen -Y sign"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := verify(t, "alice "+public, c.text, c.signature); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestEncryptedKey(t *testing.T) {
	dir := t.TempDir()
	file, public := key(t, dir, "ed25519")
	if out, err := keygen(t, dir, "", "-q", "-p", "-P", "", "-N", "open sesame", "-f", file); err != nil {
		t.Fatal(out)
	}
	if _, _, err := (signing.Keys{}).Signer(t.Context(), file); err == nil || !strings.Contains(err.Error(), "ssh-add "+file) {
		t.Error(err)
	}
	asked := signing.Keys{Passphrase: func(string) ([]byte, error) { return []byte("open sesame"), nil }}
	if _, err := verify(t, "alice "+public, text, sign(t, asked, file, text)); err != nil {
		t.Error(err)
	}
	wrong := signing.Keys{Passphrase: func(string) ([]byte, error) { return []byte("sesame"), nil }}
	if _, _, err := wrong.Signer(t.Context(), file); err == nil {
		t.Error("a wrong passphrase opens the key")
	}
}

// An agent signs for a public key, for an encrypted private one, and with a certificate.
func TestAgent(t *testing.T) {
	dir := t.TempDir()
	file, public := key(t, dir, "ed25519")
	rsa, rsaPublic := key(t, dir, "rsa")
	authority, authorityPublic := key(t, dir, "ecdsa")
	if out, err := keygen(t, dir, "", "-q", "-s", authority, "-I", "alice's key", "-n", "alice@example.com", file+".pub"); err != nil {
		t.Fatal(out)
	}
	socket := startAgent(t)
	cmd := exec.CommandContext(t.Context(), "ssh-add", "-q", file, rsa)
	cmd.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if out, err := keygen(t, dir, "", "-q", "-p", "-P", "", "-N", "open sesame", "-f", file); err != nil {
		t.Fatal(out)
	}
	keys := signing.Keys{Agent: socket}
	for name, c := range map[string]struct{ file, signers, want string }{
		"a public key":                    {file + ".pub", "alice " + public, ""},
		"an encrypted key":                {file, "alice " + public, ""},
		"an RSA key":                      {rsa + ".pub", "alice " + rsaPublic, ""},
		"a certificate":                   {file + "-cert.pub", "*@example.com cert-authority " + authorityPublic, ""},
		"a certificate of somebody else":  {file + "-cert.pub", "bob@example.com cert-authority " + authorityPublic, "has a certificate that is not valid"},
		"a certificate of no authority":   {file + "-cert.pub", "alice@example.com " + authorityPublic, "is not in signers"},
		"a certificate of another's hand": {file + "-cert.pub", "alice@example.com cert-authority " + rsaPublic, "is not in signers"},
	} {
		t.Run(name, func(t *testing.T) {
			signature := sign(t, keys, c.file, text)
			if _, err := verify(t, c.signers, text, signature); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, _, err := keys.Signer(t.Context(), authority+".pub"); err == nil || !strings.Contains(err.Error(), "ssh-add") {
		t.Error(err)
	}
}

// startAgent starts an ssh-agent for the test, and returns its socket.
func startAgent(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	cmd := exec.CommandContext(t.Context(), "ssh-agent", "-D", "-a", socket)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it says where it is once it listens
		t.Fatal(err)
	}
	return socket
}

// Whatever a file of signers or a signature holds, it is refused or understood.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("alice ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAo3D7CGN01tTYY/dLKXEv8RxRyxa32c51X0uKMhnMab\n"), []byte("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, signers, signature []byte) {
		s, err := signing.ParseSigners("signers", signers)
		if err != nil {
			return
		}
		if _, err := s.Verify([]byte(text), signature, time.Now()); err == nil && !bytes.Contains(signature, []byte("SSH SIGNATURE")) {
			t.Fatal("it is valid")
		}
	})
}
