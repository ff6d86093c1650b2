tf
terraform {
  backend "s3" {
    bucket            = "acme-state"
    key               = "k"
    endpoint          = "http://localhost:4566"
    dynamodb_endpoint = "http://localhost:4566"
    dynamodb_table    = "locks"
    force_path_style  = true
  }
}
