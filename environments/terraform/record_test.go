package terraform

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

var record = flag.String("record", "", "record the plans of testdata/plans whose names match, with a real terraform, the AWS provider and moto")

const (
	plansOfCases = "testdata/plans/cases.txtar"
	plansOnDisk  = "testdata/plans/recorded.txtar.gz"
)

// readPlans returns the recorded plans: what `terraform show` prints of each, and its JSON.
func readPlans(t *testing.T) *txtar.Archive {
	t.Helper()
	f, err := os.Open(plansOnDisk)
	check(t, err)
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	check(t, err)
	text, err := io.ReadAll(unpacked)
	check(t, err)
	return txtar.Parse(text)
}

// TestRecordPlans records plans again, and keeps the others. It needs a mirror of the AWS provider in BITOPS_TEST_TF_PLUGINS.
func TestRecordPlans(t *testing.T) {
	if *record == "" {
		t.Skip("needs -record")
	}
	wanted := regexp.MustCompile(*record)
	kept := map[string][]byte{}
	if _, err := os.Stat(plansOnDisk); err == nil {
		for _, f := range readPlans(t).Files {
			kept[f.Name] = f.Data
		}
	}
	archive, err := txtar.ParseFile(plansOfCases)
	check(t, err)
	files := map[string]map[string]string{}
	var names []string
	for _, f := range archive.Files {
		name, file, _ := strings.Cut(f.Name, "/")
		if files[name] == nil {
			files[name] = map[string]string{}
			names = append(names, name)
		}
		files[name][file] = string(f.Data)
	}
	r := newRecorder(t)
	recorded := &txtar.Archive{}
	for _, name := range names {
		shown, plan := kept[name+".txt"], kept[name+".json"]
		if wanted.MatchString(name) {
			shown, plan = r.record(t, files[name], strings.HasPrefix(name, "aws"))
		}
		if shown == nil {
			continue
		}
		recorded.Files = append(recorded.Files, txtar.File{Name: name + ".txt", Data: shown}, txtar.File{Name: name + ".json", Data: plan})
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	check(t, err)
	_, err = z.Write(txtar.Format(recorded))
	check(t, err)
	check(t, z.Close())
	writeFile(t, plansOnDisk, packed.String())
}

type recorder struct {
	port    string
	environ []string
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	check(t, err)
	listener.Close()
	moto := exec.Command("moto_server", "-H", "127.0.0.1", "-p", port)
	check(t, moto.Start())
	t.Cleanup(func() {
		moto.Process.Kill()
		moto.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("moto does not answer")
		}
	}
	config := filepath.Join(t.TempDir(), "terraform.rc")
	writeFile(t, config, "provider_installation {\n  filesystem_mirror {\n    path = \""+os.Getenv("BITOPS_TEST_TF_PLUGINS")+"\"\n  }\n}\n")
	return &recorder{port: port, environ: append(os.Environ(), "TF_CLI_CONFIG_FILE="+config, "AWS_ENDPOINT_URL=http://127.0.0.1:"+port,
		"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "TF_CLI_ARGS=-no-color")}
}

// record deploys a case and plans its change.
func (r *recorder) record(t *testing.T, files map[string]string, aws bool) (shown, plan []byte) {
	t.Helper()
	dir := t.TempDir()
	head := ""
	if aws {
		head = "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}\nprovider \"aws\" {\n  s3_use_path_style = true\n}\n"
		_, err := exec.Command("curl", "-s", "-X", "POST", "http://127.0.0.1:"+r.port+"/moto-api/reset").Output()
		check(t, err)
	}
	terraform := func(args ...string) []byte {
		c := exec.Command("terraform", args...)
		c.Dir, c.Env = dir, r.environ
		var stderr bytes.Buffer
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("terraform %v: %v\n%s%s", args, err, out, &stderr)
		}
		return out
	}
	main := filepath.Join(dir, "main.tf")
	writeFile(t, main, head+files["before.tf"])
	terraform("init", "-input=false")
	terraform("apply", "-auto-approve", "-input=false")
	writeFile(t, main, head+files["after.tf"])
	terraform(slices.Concat([]string{"plan", "-input=false", "-out=plan"}, strings.Fields(files["args"]))...)
	shown = terraform("show", "plan")
	var all map[string]json.RawMessage
	check(t, json.Unmarshal(terraform("show", "-json", "plan"), &all))
	for _, unread := range []string{"prior_state", "configuration", "planned_values", "timestamp"} {
		delete(all, unread)
	}
	plan, err := json.Marshal(all)
	check(t, err)
	return shown, append(plan, '\n')
}
