# The website, which talks to the backend.

terraform {
  required_version = ">= 1.4"
}

# These three are inputs in the manifest.
variable "api" {
  type = object({ host = string, port = number })
}

variable "api_url" {
  type = string
}

variable "api_token" {
  type      = string
  sensitive = true
}

# Inherited: backend has an output of this name.
variable "release" {
  type = string
}

# Set by the hook bitops.before-deploy.d/10-checksum.sh.
variable "site_checksum" {
  type = string
}

resource "terraform_data" "site" {
  input = {
    api_url   = var.api_url
    api_token = var.api_token
    checksum  = var.site_checksum
    footer    = "served by ${var.api.host}, release ${var.release}"
  }

  # A new port means a new site.
  triggers_replace = [var.api.port]
}

output "url" {
  value = "https://www.example.com/"
}

output "site_id" {
  value = terraform_data.site.id
}
