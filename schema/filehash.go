package schema

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
)

// A file's hash in a Fingerprint ends, after a colon, in what names the kind of a difference: whether the file can be
// executed, and a checksum of its text with plain line endings. Whether there is a difference is for the hash alone to say.

// FileHash returns the hash of a file as a Fingerprint has it. The given hash is of its content and mode.
func FileHash(hash string, executable bool, text []byte) string {
	mode := "-"
	if executable {
		mode = "x"
	}
	return fmt.Sprintf("%s:%s%08x", hash, mode, crc32.ChecksumIEEE(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))))
}

// PlainHash returns what a file's hash is without its ending.
func PlainHash(hash string) string {
	plain, _, _ := strings.Cut(hash, ":")
	return plain
}

// howFileDiffers says what is different of a file, "" where nothing is.
func howFileDiffers(was, is string) string {
	before, detailBefore, _ := strings.Cut(was, ":")
	after, detailAfter, _ := strings.Cut(is, ":")
	switch {
	case before == after:
		return ""
	case len(detailBefore) < 2 || len(detailAfter) < 2 || detailBefore[1:] != detailAfter[1:]:
		return "changed"
	case detailBefore == detailAfter:
		return "has other line endings"
	case detailAfter[0] == 'x':
		return "can be executed now"
	}
	return "cannot be executed any more"
}
