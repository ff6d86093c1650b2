tf
terraform {
  backend "s3" {
    bucket              = "acme-state"
    key                 = "portal"
    dynamodb_table      = "locks"
    region              = "us-east-1"
  }
}
