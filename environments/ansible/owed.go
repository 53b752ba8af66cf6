package ansible

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Handlers that were notified run at the end of a play, and not at all on a host on which a later task fails. The next run
// finds nothing to change there, so nothing notifies them again: what they were to restart is never restarted. The callback
// plugin tells who was notified and who ran; the difference is owed, remembered with the step, and notified again by the
// plugin in the next run. Nothing else runs that would not have run: ansible's force_handlers would also run, at once, what was notified
// for a change that is half done.

// handler is a handler of a host, as it is remembered: "web1: restart nginx".
func handler(host, name string) string { return host + ": " + name }

// owe adds what became of a handler to what is owed.
func owe(owed []string, f fact) []string {
	one := handler(f.Host, f.Task)
	switch known := slices.Contains(owed, one); {
	case f.Event == "notified" && !known:
		return append(slices.Clone(owed), one)
	case f.Event == "handled" && known:
		return slices.DeleteFunc(slices.Clone(owed), func(o string) bool { return o == one })
	}
	return owed
}

// owedFile writes what is owed for the callback plugin, and returns the file, "" for nothing.
func (s *session) owedFile() (string, error) {
	if len(s.Owed) == 0 || s.Command.Destroys() {
		return "", nil
	}
	s.Notice("notified in an earlier run that ended before they ran, and notified again: %s", s.owedHandlers())
	var pairs [][]string
	for _, owed := range s.Owed {
		host, name, _ := strings.Cut(owed, ": ")
		pairs = append(pairs, []string{host, name})
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		return "", err
	}
	return s.PrivateFile("owed.json", text)
}

// settle takes over what a run in earnest leaves owed, and says so. A handler that no play has any more is owed no longer
// once all plays ended well.
func (s *session) settle(told *report, failed bool) {
	s.Owed = told.owed
	if !failed && len(told.gone) > 0 {
		s.Notice("notified in an earlier run, and no play has them any more: %s", strings.Join(told.gone, ", "))
		s.Owed = slices.DeleteFunc(s.Owed, func(o string) bool { return slices.Contains(told.gone, o) })
	}
	if len(s.Owed) > 0 {
		s.Warning("handlers that were notified and have not run: %s. The next apply notifies them again", s.owedHandlers())
	}
}

// mostOwed is how many handlers are named in one line.
const mostOwed = 10

func (s *session) owedHandlers() string {
	text := strings.Join(s.Owed[:min(mostOwed, len(s.Owed))], ", ")
	if more := len(s.Owed) - mostOwed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
