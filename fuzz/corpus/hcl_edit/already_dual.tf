tf
terraform {
  backend "s3" {
    bucket         = "acme-state"
    use_lockfile   = true
    dynamodb_table = "locks"
    region         = "eu-west-1"
  }
}
