package workspace_test

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity changes with every write to a file, of its content, attributes or name.
func identity(info fs.FileInfo) string {
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprint(stat.Ino, stat.Ctim)
}
