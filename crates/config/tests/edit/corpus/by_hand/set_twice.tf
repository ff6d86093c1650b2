terraform {
  backend "s3" {
    dynamodb_table = "a"
    bucket         = "acme-state"
    dynamodb_table = "b"
  }
}
