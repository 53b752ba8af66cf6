package plugin

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// changesFile is the file that $BITOPS_CHANGES names. A script may append how many things it adds, changes and removes,
// in a plan as well as when it does so:
//
//	echo add=1 >> "$BITOPS_CHANGES"
//
// Lines of the same word add up. With `add=0` alone a script says that there is nothing to do. A script that writes
// nothing cannot tell.
type changesFile string

// mostChanges bounds what is read of the file, in bytes.
const mostChanges = 1 << 20

// newChanges makes the file for one start of the script.
func (s *session) newChanges(p *environments.ProgramCall) (changesFile, error) {
	file, err := s.PrivateFile("changes", nil)
	p.Extra["BITOPS_CHANGES"] = file
	return changesFile(file), err
}

// read returns the counts, or nil when there are none. What cannot be read is told: the work is done by then.
func (f changesFile) read(c *environments.Call) *schema.Changes {
	file, err := os.Open(string(f))
	if err != nil {
		c.Notice("$BITOPS_CHANGES cannot be read: %v", err)
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostChanges))
	if err != nil {
		c.Notice("$BITOPS_CHANGES cannot be read: %v", err)
		return nil
	}
	changes, err := parseChanges(string(text))
	if err != nil {
		c.Notice("$BITOPS_CHANGES, %v", err)
	}
	return changes
}

// parseChanges sums up lines of add=1, change=2 and remove=3. Empty lines and lines that begin with # are passed over.
func parseChanges(text string) (*schema.Changes, error) {
	var sum *schema.Changes
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		count, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if sum == nil {
			sum = &schema.Changes{}
		}
		target := map[string]*int{"add": &sum.Add, "change": &sum.Change, "remove": &sum.Remove}[strings.TrimSpace(name)]
		if err != nil || target == nil {
			return nil, fmt.Errorf("line %d is not add=N, change=N or remove=N", number)
		}
		*target += int(count)
	}
	return sum, nil
}
