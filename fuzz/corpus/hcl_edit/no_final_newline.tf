tf
terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = "x"
    dynamodb_table = "locks"
  }
}