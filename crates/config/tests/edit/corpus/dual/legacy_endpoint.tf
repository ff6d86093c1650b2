terraform {
  backend "s3" {
    bucket            = "acme-state"
    key               = "k"
    endpoint          = "http://localhost:4566"
    dynamodb_endpoint = "http://localhost:4566"
    dynamodb_table    = "locks"
    use_lockfile      = true
    force_path_style  = true
  }
}
