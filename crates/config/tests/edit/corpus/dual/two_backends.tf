terraform {
  backend "s3" {
    bucket         = "one"
    dynamodb_table = "locks-one"
    use_lockfile   = true
  }
}
terraform {
  backend "s3" {
    bucket       = "two"
    use_lockfile = true
  }
}
