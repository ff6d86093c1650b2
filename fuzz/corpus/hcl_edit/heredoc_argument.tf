tf
terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = <<EOT
a/b
EOT
    dynamodb_table = <<-EOT
      locks
      EOT
    region         = "us-east-1"
  }
}
