tf
terraform {
  backend "gcs" {
    bucket = "acme-state"
  }
}

data "terraform_remote_state" "network" {
  backend = "s3"
  config = {
    bucket         = "acme-state"
    key            = "network"
    dynamodb_table = "locks"
  }
}
