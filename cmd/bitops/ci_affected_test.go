package main

import (
	"fmt"
	"strings"
	"testing"
)

// largeRepository writes the repository of 200 environments that docs/ci/README.md describes: in two regions a network and
// 99 services, each made of a module. Service 7 of each region is made of another one.
func (w *ciWorld) largeRepository(t *testing.T) {
	t.Helper()
	manifest := "bitops:\n  environments:\n"
	for _, region := range []string{"eu", "us"} {
		manifest += fmt.Sprintf("    %s/network: {tags: [network]}\n", region)
		w.write(t, "origin/"+region+"/network/terraform/main.tf", "output \"network_id\" {\n  value = \"vpc-"+region+"\"\n}\n", 0o644)
		for i := range 99 {
			name, module := fmt.Sprintf("%s/service-%02d", region, i), "service"
			if i == 7 {
				module = "queue"
			}
			manifest += fmt.Sprintf("    %s: {depends_on: [%s/network], tags: [service]}\n", name, region)
			w.write(t, "origin/"+name+"/terraform/main.tf", fmt.Sprintf(
				"variable \"network_id\" {\n  type = string\n}\nmodule \"it\" {\n  source     = \"../../../modules/%s\"\n  network_id = var.network_id\n}\n", module), 0o644)
		}
	}
	for _, module := range []string{"service", "queue"} {
		w.write(t, "origin/modules/"+module+"/main.tf", "variable \"network_id\" {\n  type = string\n}\nresource \"terraform_data\" \"this\" {\n  input = var.network_id\n}\n", 0o644)
	}
	w.write(t, "origin/bitops.config.yaml", manifest, 0o644)
	w.merged(t)
}

// Of 200 environments, a request plans those that its change affects, and the comment says which. One that affects none has a plan of nothing,
// which can be applied.
func TestPipelinesPlanWhatAChangeAffects(t *testing.T) {
	onEachForge(t, func(t *testing.T, w *ciWorld, job func(string) []ciStep) {
		t.Helper()
		w.largeRepository(t)
		w.write(t, "origin/modules/queue/main.tf", "variable \"network_id\" {\n  type = string\n}\nresource \"terraform_data\" \"queue\" {\n  input = var.network_id\n}\n", 0o644)
		w.run(t, w.checkout(t), job("plan"), 0)
		comment := w.comment(t, "plan")
		if want := "selection: <code>eu/service-07</code>, <code>us/service-07</code> of 200 environments"; !strings.Contains(comment, want) {
			t.Errorf("the comment does not say %q:\n%s", want, comment)
		}
		w.merged(t)
		w.write(t, "origin/eu/network/terraform/main.tf", "output \"network_id\" {\n  value = \"vpc-new\"\n}\n", 0o644)
		affected := w.run(t, w.checkout(t), []ciStep{{script: "bitops list --affected"}}, 0)
		if eu, us := strings.Count(affected, "\neu/"), strings.Count(affected, "us/"); eu != 100 || us != 0 {
			t.Errorf("a new network affects %d of eu and %d of us:\n%s", eu, us, affected)
		}
		w.merged(t)
		w.write(t, "origin/README.md", "Only words changed.\n", 0o644)
		w.run(t, w.checkout(t), job("plan"), 0)
		if comment := w.comment(t, "plan"); !strings.Contains(comment, "selection: nothing of 200 environments") {
			t.Errorf("the comment is %q", comment)
		}
		printed := w.run(t, w.checkout(t), job("apply"), 0)
		if !strings.Contains(printed, "Nothing to do") {
			t.Errorf("apply says %q", printed)
		}
	})
}
