terragrunt
generate "backend" {
  path      = "backend.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<EOF
terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = "${path_relative_to_include()}/terraform.tfstate"
    region         = "$${unused}"
    dynamodb_table = "locks"
  }
}
EOF
}

generate "provider" {
  path     = "provider.tf"
  contents = <<-EOF
    provider "aws" {
      region = "${local.region}"
    }
  EOF
}
