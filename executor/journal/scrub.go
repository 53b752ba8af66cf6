package journal

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

func hasSecrets(outputs schema.Values) bool {
	for _, v := range outputs {
		if v.Sensitive {
			return true
		}
	}
	return false
}

// scrub takes secrets out of the log of a step that has ended. Its tool may have printed one before anybody could know
// that it is one.
func (j *Journal) scrub(step schema.StepName) error {
	if j.Redact == nil {
		return nil
	}
	name := LogFile(j.dir, step)
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	err = j.copyRedacted(out, bufio.NewReader(from))
	if err = errors.Join(err, out.Flush(), to.Close()); err != nil {
		return errors.Join(err, os.Remove(name+".tmp"))
	}
	return os.Rename(name+".tmp", name)
}

func (j *Journal) copyRedacted(out *bufio.Writer, in *bufio.Reader) error {
	redact := j.Redact()
	for {
		line, err := in.ReadString('\n')
		text, ended := strings.CutSuffix(line, "\n")
		text = redact(text)
		if ended {
			text += "\n"
		}
		if _, err := out.WriteString(text); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
