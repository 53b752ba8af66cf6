package helm

import (
	"context"
	"fmt"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema/secret"
)

// quiet is a Runner that hides what nobody else knows to be secret in what programs print: the values of
// HELM_SECRETS_BASE64, and the credentials of a kubeconfig. Standard output that is an answer for bitops is not touched:
// it is read, not shown.
//
// It also keeps to itself helm's complaint about a release that is missing, which is an answer.
type quiet struct {
	process.Runner
	secrets secret.Redactor
	tell    func(texts ...string) // makes secrets known beyond this step
	reading bool                  // standard output is an answer for bitops
	missing bool                  // the last program said that there is no such release
}

const releaseNotFound = "Error: release: not found"

// Run implements process.Runner.
func (q *quiet) Run(ctx context.Context, c process.Command) (process.Result, error) {
	q.missing = false
	asks := c.Name == program && len(c.Args) > 0 && c.Args[0] == "status"
	if tell := c.Stderr; tell != nil {
		c.Stderr = func(l process.Line) {
			if asks && l.Text == releaseNotFound {
				q.missing = true
				return
			}
			l.Text = q.secrets.String(l.Text)
			tell(l)
		}
	}
	if tell := c.Stdout; tell != nil && !q.reading {
		c.Stdout = func(l process.Line) {
			l.Text = q.secrets.String(l.Text)
			tell(l)
		}
	}
	return q.Runner.Run(ctx, c)
}

// learn makes every text inside a document known as a secret.
func (q *quiet) learn(document any) {
	eachLeaf(document, "", func(_ string, leaf any) {
		if text, ok := leaf.(string); ok {
			q.secrets.Add(text)
			q.tell(text)
		}
	})
}

// hide formats a text without the secrets.
func (q *quiet) hide(format string, args ...any) string {
	return q.secrets.String(fmt.Sprintf(format, args...))
}
