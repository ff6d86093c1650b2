tf
terraform {
  backend "s3" {
    bucket = "acme-state-dev"
    dynamodb_table = "locks-dev"
  }
}
