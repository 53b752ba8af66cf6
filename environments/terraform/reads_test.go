package terraform

import "testing"

func TestReadsWhatOthersLeaveBehind(t *testing.T) {
	for text, want := range map[string]bool{
		`data "terraform_remote_state" "net" {`:          true,
		`data "tfe_outputs" "net" {`:                     true,
		`data "external" "x" {`:                          true,
		`{"data": {"terraform_remote_state": {}}}`:       true,
		`x = file("/etc/made/kubeconfig")`:               true,
		`x = fileexists("~/.kube/config")`:               true,
		`x = templatefile("${local.up}/x.tpl", {})`:      true,
		`x = filesha256(var.path)`:                       true,
		`{"x": "${file(\"/made/kubeconfig\")}"}`:         true,
		`source = "git::https://example.com/m.git"`:      true,
		`source = "git@github.com:us/network.git"`:       true,
		`"source": "github.com/us/network"`:              true,
		`source = "s3::https://example.com/m.zip"`:       true,
		`source = "https://example.com/m.zip"`:           true,
		`source = "/opt/modules/network"`:                true,
		`source = "app.terraform.io/us/vpc/aws"`:         true,
		`data "aws_vpc" "x" {`:                           false,
		`x = file("${path.module}/user-data.sh")`:        false,
		`x = file("user-data.sh")`:                       false,
		`x = fileset(path.module, "*.json")`:             false,
		`my_file("/x")`:                                  false,
		`source = "../../modules/network"`:               false,
		`source = "./network"`:                           false,
		`source = "terraform-aws-modules/vpc/aws"`:       false,
		`source = "hashicorp/aws"`:                       false,
		`source = "registry.terraform.io/hashicorp/aws"`: false,
		`source = aws_s3_object.x.id`:                    false,
		`external = true`:                                false,
		`resource "x" "y" {}`:                            false,
	} {
		if got := (*Terraform)(nil).Reads().MatchString(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
