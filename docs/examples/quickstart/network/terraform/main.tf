# The network everything else lives in.
#
# terraform_data is built into terraform: it needs no provider, no account and
# no internet, and is a fair stand-in for a real resource.

terraform {
  required_version = ">= 1.4"
}

variable "cidr" {
  type    = string
  default = "10.20.0.0/16"
}

locals {
  subnet_cidrs = [for i in range(2) : cidrsubnet(var.cidr, 8, i)]
}

resource "terraform_data" "vpc" {
  input = { cidr = var.cidr, subnets = local.subnet_cidrs }
}

# Known only once the network exists, as with a real VPC. On the first plan,
# whoever needs it is deferred.
output "vpc_id" {
  value = terraform_data.vpc.id
}

# Known as soon as the network is planned.
output "subnet_cidrs" {
  value = local.subnet_cidrs
}
