terragrunt
locals {
  account = read_terragrunt_config(find_in_parent_folders("account.hcl"))
  region  = "eu-west-1"
}

remote_state {
  backend = "s3"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
  config = {
    encrypt        = true
    bucket         = "acme-${local.account.locals.name}-state"
    key            = "${path_relative_to_include()}/terraform.tfstate"
    region         = local.region
    dynamodb_table = "terraform-locks"
  }
}

inputs = merge(local.account.locals, { dynamodb_table = "x" })
