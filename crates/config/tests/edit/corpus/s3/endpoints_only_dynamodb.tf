terraform {
  backend "s3" {
    bucket       = "acme-state"
    key          = "k"
    use_lockfile = true
    region       = "us-east-1"
  }
}
