terraform {
  required_version = ">= 1.4"
}

# Its id is random, so it can play the part of a generated token.
resource "terraform_data" "token" {}

output "token" {
  value     = terraform_data.token.id
  sensitive = true
}
