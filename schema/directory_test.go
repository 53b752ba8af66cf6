package schema

import (
	"os"
	"path/filepath"
	"testing"
)

// A list gives the same answers as a look at each name, links included.
func TestDirectoryAnswersTheSameFromItsList(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"net/terraform/modules", "net/empty"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"net/linked": "terraform", "net/broken": "nowhere", "net/text": "file"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "net", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d := Directory{Root: root, Name: "net"}
	listed := d.Listed()
	want := map[string]bool{
		"terraform": true, "terraform/modules": true, "terraform/none": false, "linked": true, "linked/modules": true,
		"broken": false, "text": false, "file": false, "file/below": false, "none": false, "none/below": false, "empty": true,
	}
	for name, isDirectory := range want {
		for how, d := range map[string]Directory{"looking": d, "listed": listed} {
			if got := d.HasDirectory(name); got != isDirectory {
				t.Errorf("%s: %s is a directory: %t", how, name, got)
			}
		}
		typ, there := d.Type(name)
		if filepath.Dir(name) != "." {
			continue
		}
		if again, known := listed.Type(name); again != typ || known != there {
			t.Errorf("the type of %s is %v %t, and in the list %v %t", name, typ, there, again, known)
		}
	}
	if _, there := listed.ConfigurationFile(); there {
		t.Error("there is no configuration file")
	}
	if err := os.WriteFile(filepath.Join(root, "net", OtherManifestName), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, there := listed.ConfigurationFile(); there {
		t.Error("a list is what was there when it was made")
	}
	if name, _ := d.Listed().ConfigurationFile(); name != "net/"+OtherManifestName {
		t.Errorf("the configuration file is %q", name)
	}
}

// What cannot be listed gives the error to whoever wants the list.
func TestDirectoryThatIsNotThere(t *testing.T) {
	d := Directory{Root: t.TempDir(), Name: "none"}.Listed()
	if _, err := d.Entries(); !os.IsNotExist(err) {
		t.Errorf("the error is %v", err)
	}
	if d.HasDirectory("any") {
		t.Error("it holds nothing")
	}
}
