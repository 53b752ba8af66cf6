terraform {
  required_version = ">= 1.4"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

# An input in the manifest.
variable "topic_arn" {
  type = string
}

resource "aws_ssm_parameter" "topic" {
  name  = "/shop/topic"
  type  = "String"
  value = var.topic_arn
}

# Its id is random, so it can play the part of a generated token.
resource "terraform_data" "token" {}

output "name" {
  value = "shop"
}

output "topic_parameter" {
  value = aws_ssm_parameter.topic.name
}

output "topic" {
  value = var.topic_arn
}

output "api_token" {
  value     = terraform_data.token.id
  sensitive = true
}
