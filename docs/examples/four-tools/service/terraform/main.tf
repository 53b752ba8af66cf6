terraform {
  required_version = ">= 1.4"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

# Inputs in the manifest.
variable "topic_arn" {
  type = string
}

variable "endpoint" {
  type      = string
  sensitive = true
}

resource "aws_ssm_parameter" "topic" {
  name  = "/shop/topic"
  type  = "String"
  value = var.topic_arn
}

resource "aws_ssm_parameter" "endpoint" {
  name  = "/shop/endpoint"
  type  = "SecureString"
  value = var.endpoint
}

output "name" {
  value = "shop"
}

output "topic_parameter" {
  value = aws_ssm_parameter.topic.name
}

output "topic" {
  value = var.topic_arn
}

output "endpoint" {
  value     = aws_ssm_parameter.endpoint.value
  sensitive = true
}
