terraform {
  required_version = ">= 1.0"
}

terraform {
  backend "s3" {
    use_lockfile = true
    bucket       = "acme-state"
  }
}
