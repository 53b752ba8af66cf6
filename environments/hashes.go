package environments

import (
	"sync"

	"github.com/bitops-engine/bitops/schema"
)

// hashes remembers the hashes of variables: many steps have the same, and a salted one costs time. Its zero value is
// ready for use, and it is safe for concurrent use.
type hashes struct {
	mu    sync.Mutex
	known map[hashed]string
}

type hashed struct{ name, value, like string }

// of returns the hash of a variable's value; see [schema.HashText]. Like is an earlier one to compare it with, or "".
func (h *hashes) of(name, value string, sensitive bool, like string) (string, error) {
	if like != "" {
		sensitive = schema.Salted(like)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := hashed{name, value, like}
	if hash, ok := h.known[key]; ok {
		return hash, nil
	}
	hash, err := schema.HashText(value, sensitive, like)
	if err != nil {
		return "", err
	}
	if h.known == nil {
		h.known = map[hashed]string{}
	}
	h.known[key] = hash
	return hash, nil
}
