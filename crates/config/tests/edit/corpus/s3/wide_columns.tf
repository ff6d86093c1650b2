terraform {
  backend "s3" {
    bucket              = "acme-state"
    key                 = "portal"
    use_lockfile        = true
    region              = "us-east-1"
  }
}
