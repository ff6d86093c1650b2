terraform {
  backend "s3" {
    bucket              = "acme-state"
    key                 = "portal"
    dynamodb_table      = "locks"
    use_lockfile        = true
    region              = "us-east-1"
  }
}
