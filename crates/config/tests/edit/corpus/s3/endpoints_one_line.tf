terraform {
  backend "s3" {
    bucket       = "acme-state"
    endpoints    = { s3 = "http://localhost:9000" }
    use_lockfile = true
  }
}
