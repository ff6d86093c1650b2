tf
terraform {
  backend "s3" {
    bucket         = "acme-state"
    endpoints      = { s3 = "http://localhost:9000", dynamodb = "http://localhost:8000" }
    dynamodb_table = "locks"
  }
}
