locals {
  region = "eu-west-1"
  bucket = "acme-${local.region}"
}

remote_state {
  backend = "s3"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
  config = {
    bucket         = local.bucket
    key            = "${path_relative_to_include()}/terraform.tfstate"
    region         = local.region
    encrypt        = true
    dynamodb_table = "terragrunt-locks"

    skip_bucket_versioning = true
    s3_bucket_tags = {
      owner = "platform"
    }
  }
}

terraform_version_constraint = ">= 1.5"
