package terraform

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

var interrupts = flag.Int("interrupts", 10, "how often terraform is interrupted while it starts a program")

// TestInterruptWhileAProgramStarts: terraform hears of an interrupt once, also at the moment at which an interrupt of its
// group would reach it twice in one of thirty runs. What its provisioner started is told to end, and gets time for it.
func TestInterruptWhileAProgramStarts(t *testing.T) {
	for range *interrupts {
		s := tellReal(t, map[string]string{"main.tf": `
resource "terraform_data" "quick" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]
  provisioner "local-exec" { command = "sleep 60" }
}`})
		ctx, cancel := context.WithCancel(t.Context())
		s.Watch = func(e schema.Event) {
			if strings.Contains(e.Text, "Provisioning with 'local-exec'") {
				cancel()
			}
		}
		if _, err := s.Try(ctx, schema.CommandApply); err == nil {
			t.Fatal("the interrupted apply succeeded")
		}
		log := s.Texts(schema.EventOutputLine)
		equal(t, "interrupts", strings.Count(log, "Interrupt received."), 1)
		lacks(t, "log", log, "Two interrupts")
		state, err := os.ReadFile(filepath.Join(s.Source(), "terraform.tfstate"))
		check(t, err)
		contains(t, "state", string(state), `"quick"`)
		equal(t, "lock left", exists(filepath.Join(s.Source(), ".terraform.tfstate.lock.info")), false)
	}
}

// TestWhatAProvisionerLeavesMayEnd: terraform ends the shell of a provisioner. What that had started is interrupted when
// terraform is gone.
func TestWhatAProvisionerLeavesMayEnd(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command     = "bash ${path.module}/child.sh; true"
    interpreter = ["/bin/bash", "-c"]
  }
}`, "child.sh": `trap 'sleep 0.2; echo ended >> "$MARK"; exit' INT
(trap '' INT; sleep 60) & # it listens to nobody
echo at work
while :; do sleep 0.05; done
`})
	s.Variables["MARK"] = filepath.Join(t.TempDir(), "mark")
	ctx, cancel := context.WithCancel(t.Context())
	s.Watch = func(e schema.Event) {
		if strings.Contains(e.Text, "(local-exec): at work") {
			cancel()
		}
	}
	if _, err := s.Try(ctx, schema.CommandApply); err == nil {
		t.Fatal("the interrupted apply succeeded")
	}
	mark, err := os.ReadFile(s.Variables["MARK"])
	check(t, err)
	equal(t, "the child", string(mark), "ended\n")
	equal(t, "processes left", len(process.Survivors()), 0)
}
