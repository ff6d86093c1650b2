terraform {
  backend "s3" {
    bucket       = "acme-state"
    key          = "x"
    use_lockfile = true
  }
}