# Where the database lives, written where programs can look it up, and a bucket
# for uploads.

variable "subnet_ids" {
  type = list(string)
}

locals {
  database = { host = "db.shop.internal", port = 5432 }
}

resource "aws_ssm_parameter" "database" {
  for_each = {
    host    = local.database.host
    port    = local.database.port
    subnets = join(",", var.subnet_ids)
  }

  name  = "/shop/database/${each.key}"
  type  = "String"
  value = each.value
}

resource "aws_s3_bucket" "uploads" {
  bucket_prefix = "shop-uploads-"
  force_destroy = true # an example should go away completely
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

output "database" {
  value = local.database
}

output "parameter_arns" {
  value = { for key, parameter in aws_ssm_parameter.database : key => parameter.arn }
}

output "bucket" {
  value = aws_s3_bucket.uploads.bucket
}

output "bucket_arn" {
  value = aws_s3_bucket.uploads.arn
}
