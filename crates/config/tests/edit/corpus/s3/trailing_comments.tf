terraform {
  backend "s3" {
    bucket       = "acme-state" # made by hand
    key          = "shop"       # one per project
    use_lockfile = true
    region       = "eu-west-3" # Paris
    encrypt      = true
  }
}
