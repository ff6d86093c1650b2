terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = <<EOT
a/b
EOT
    dynamodb_table = <<-EOT
      locks
      EOT
    use_lockfile   = true
    region         = "us-east-1"
  }
}
