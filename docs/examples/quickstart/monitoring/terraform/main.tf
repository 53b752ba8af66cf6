# Watches everything, depends on nothing: it is deployed beside network.

terraform {
  required_version = ">= 1.4"
}

variable "dashboard" {
  type = object({ title = string, refresh_seconds = number })
}

resource "terraform_data" "dashboard" {
  input = var.dashboard
}

# Known before anything is deployed.
output "dashboard_url" {
  value = "https://monitoring.example.com/?refresh=${var.dashboard.refresh_seconds}"
}
