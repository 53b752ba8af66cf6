package journal

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/atomicfile"
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
	return atomicfile.File{Mode: 0o644, Temporary: filepath.Base(name) + ".tmp", Unsynced: true}.WriteWith(name, func(to io.Writer) error {
		out := bufio.NewWriter(to)
		return errors.Join(j.copyRedacted(out, bufio.NewReader(from)), out.Flush())
	})
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
