tf
terraform {
  backend s3 {
    bucket         = "acme-state"
    dynamodb_table = "locks"
    region         = "us-east-1"
  }
}
