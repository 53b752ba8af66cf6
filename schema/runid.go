package schema

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// runIDLayout is how an id begins.
const runIDLayout = "20060102-150405"

// NewRunID returns an id that sorts by time: 20261123-143005-1c7f3a. Of its last six digits three are the millisecond, and
// three are random.
func NewRunID(now time.Time) RunID {
	random := make([]byte, 2)
	_, _ = rand.Read(random) // it never fails
	now = now.UTC()
	millisecond := now.Nanosecond() / int(time.Millisecond)
	return RunID(fmt.Sprintf("%s-%03x%s", now.Format(runIDLayout), millisecond, hex.EncodeToString(random)[:3]))
}

// Began returns the time in an id, and whether there is one: by the clock of the machine that made it, to the millisecond.
func (n RunID) Began() (time.Time, bool) {
	cut := strings.LastIndexByte(string(n), '-')
	if cut < 0 || len(n) < cut+4 {
		return time.Time{}, false
	}
	t, err := time.Parse(runIDLayout, string(n)[:cut])
	if err != nil {
		return time.Time{}, false
	}
	milliseconds, err := strconv.ParseUint(string(n)[cut+1:cut+4], 16, 16)
	return t.Add(time.Duration(milliseconds) * time.Millisecond), err == nil
}
