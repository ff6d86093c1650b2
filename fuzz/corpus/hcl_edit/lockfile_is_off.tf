tf
terraform {
  backend "s3" {
    bucket         = "acme-state"
    use_lockfile   = false # later
    encrypt        = true  # always
    dynamodb_table = "locks"
  }
}
