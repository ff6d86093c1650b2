terraform {
  backend "s3" {
    bucket = "acme-state-dev"
    use_lockfile = true
  }
}
