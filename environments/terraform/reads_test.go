package terraform

import "testing"

func TestReadsWhatOthersLeaveBehind(t *testing.T) {
	for text, want := range map[string]bool{
		`data "terraform_remote_state" "net" {`:    true,
		`data "tfe_outputs" "net" {`:               true,
		`data "external" "x" {`:                    true,
		`{"data": {"terraform_remote_state": {}}}`: true,
		`data "aws_vpc" "x" {`:                     false,
		`external = true`:                          false,
		`resource "x" "y" {}`:                      false,
	} {
		if got := (*Terraform)(nil).Reads().MatchString(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
