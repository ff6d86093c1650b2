tf
terraform {
  backend "s3" {
    bucket                      = "acme-state"
    key                         = "local"
    region                      = "us-east-1"
    skip_credentials_validation = true
    use_path_style              = true
    dynamodb_table              = "locks"
    endpoints = {
      s3       = "http://localhost:4566"
      dynamodb = "http://localhost:4566"
      sts      = "http://localhost:4566"
    }
  }
}
