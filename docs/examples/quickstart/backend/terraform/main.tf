# The service, and where others reach it.

terraform {
  required_version = ">= 1.4"
}

# Inherited: network has an output of this name.
variable "vpc_id" {
  type = string
}

# An input in the manifest.
variable "allowed_cidrs" {
  type = list(string)
}

# Written by the hook bitops.before-deploy.d/10-release.sh.
variable "release" {
  type = string
}

resource "terraform_data" "service" {
  input = {
    vpc_id        = var.vpc_id
    allowed_cidrs = var.allowed_cidrs
    release       = var.release
  }
}

# Its id is random, so it can play the part of a generated token.
resource "terraform_data" "token" {}

output "endpoint" {
  value = {
    host = "api.example.com"
    port = 8443
  }
}

output "api_token" {
  value     = terraform_data.token.id
  sensitive = true
}

output "release" {
  value = var.release
}
