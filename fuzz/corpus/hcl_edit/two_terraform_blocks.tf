tf
terraform {
  required_version = ">= 1.0"
}

terraform {
  backend "s3" {
    dynamodb_table = "locks"
    bucket         = "acme-state"
  }
}
