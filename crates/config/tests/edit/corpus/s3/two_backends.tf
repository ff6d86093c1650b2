terraform {
  backend "s3" {
    bucket       = "one"
    use_lockfile = true
  }
}
terraform {
  backend "s3" {
    bucket       = "two"
    use_lockfile = true
  }
}
