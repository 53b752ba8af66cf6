package environments

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Patient is a Tool that knows which errors of its program pass by themselves.
type Patient interface {
	// Transient returns patterns for such errors. Each sees one error of the program as one line, with single spaces.
	// They count only where nothing was changed yet, so it does no harm to begin anew.
	Transient() []*regexp.Regexp
}

// Patterns compiles regular expressions when they are asked for.
func Patterns(expressions ...string) func() []*regexp.Regexp {
	return sync.OnceValue(func() []*regexp.Regexp {
		all := make([]*regexp.Regexp, len(expressions))
		for i, e := range expressions {
			all[i] = regexp.MustCompile(e)
		}
		return all
	})
}

// NetworkErrors are what Go's own packages say of a network or a server that is unwell for a moment. terraform, its
// providers, helm, and the SDK of AWS are written in Go. What is usually a mistake in a configuration is not among them: a
// name that nobody knows, a connection that is refused, a certificate, credentials.
var NetworkErrors = []string{
	`net/http: TLS handshake timeout`,                                                         // net/http, tlsHandshakeTimeoutError
	`\bClient\.Timeout (or context cancellation )?exceeded while [a-z ]+`,                     // net/http, timeoutError; terraform issues 27641, 30167
	`net/http: timeout awaiting response headers`,                                             // net/http, errTimeout
	`dial tcp \S+: (i/o timeout|connect: connection timed out)`,                               // net, OpError
	`\blookup \S+( on \S+)?: (\S+ \S+ \S+ i/o timeout|server misbehaving)`,                    // net, DNSError: the name server, not the name
	`Temporary failure in name resolution`,                                                    // EAI_AGAIN of getaddrinfo(3)
	`(read|write) tcp \S+: (read|write): connection reset by peer`,                            // net, OpError
	`(Get|Head|Post|Put|Patch|Delete) "[^"]*": (unexpected )?EOF\b`,                           // net/url, Error: the server hung up
	`http2: (server sent GOAWAY|client connection lost)`,                                      // net/http, http2GoAwayError, errClientConnLost
	`\b(429 Too Many Requests|502 Bad Gateway|503 Service Unavailable|504 Gateway Timeout)\b`, // net/http, StatusText
}

// passes returns what makes the failure of an attempt one that passes by itself, or "": a pattern of the manifest matches
// what was said, or nothing was changed and the tool knows each error.
func (c *Call) passes(tool Tool, err error) string {
	failure, _ := errors.AsType[*Failure](err)
	if failure == nil {
		failure = &Failure{Message: err.Error()}
	}
	untouched := failure.Untouched || c.Command.Previews()
	if failure.Final || c.Planned && !untouched { // what is left of a plan is another one
		return ""
	}
	said := slices.Concat([]string{failure.Message}, failure.Lines, c.stderr.lines, c.stdout.lines)
	if line := c.passesByManifest(said); line != "" {
		return line
	}
	patient, ok := tool.(Patient)
	if !ok || !untouched {
		return ""
	}
	return known(patient.Transient(), failure)
}

// passesByManifest returns the first line that a pattern of the manifest matches, or all of it when one matches across
// lines, or "".
func (c *Call) passesByManifest(said []string) string {
	for _, on := range c.Step.Retry.On {
		pattern, err := regexp.Compile(on)
		if err != nil {
			continue // it was checked when the manifest was read
		}
		if i := slices.IndexFunc(said, pattern.MatchString); i >= 0 {
			return strings.TrimSpace(said[i])
		}
		if all := oneLine(strings.Join(said, " ")); pattern.MatchString(all) {
			return all
		}
	}
	return ""
}

// Passes reports whether a failure is one that passes by itself: each of its errors matches a pattern.
func Passes(patterns []*regexp.Regexp, failure *Failure) bool { return known(patterns, failure) != "" }

// known returns what passes of the first error of a failure, when there is a pattern for each of them, else "".
func known(patterns []*regexp.Regexp, failure *Failure) string {
	all := failure.Errors
	if len(all) == 0 {
		all = []string{failure.Message + " " + strings.Join(failure.Lines, " ")}
	}
	found := make([]string, len(all))
	for i, one := range all {
		line := oneLine(one)
		for _, p := range patterns {
			if found[i] = p.FindString(line); found[i] != "" {
				break
			}
		}
		if found[i] == "" {
			return ""
		}
	}
	return found[0]
}

// oneLine joins what a program has broken into lines.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
