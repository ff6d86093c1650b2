terraform {
  backend "s3" {
    dynamodb_table = "locks"
    use_lockfile   = true
  }
}
