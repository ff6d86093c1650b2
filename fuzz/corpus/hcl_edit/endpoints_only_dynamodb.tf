tf
terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "k"
    endpoints = {
      # the local one
      dynamodb = "http://localhost:8000"
    }
    dynamodb_table = "locks"
    region         = "us-east-1"
  }
}
