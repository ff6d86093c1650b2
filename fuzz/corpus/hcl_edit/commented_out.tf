tf
terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "x"
    region = "us-east-1"
    # dynamodb_table = "locks"
    # use_lockfile   = true
  }
}
