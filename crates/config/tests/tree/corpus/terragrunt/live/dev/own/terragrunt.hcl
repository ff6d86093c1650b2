include "root" {
  path = find_in_parent_folders("root.hcl")
}

remote_state {
  backend = "s3"
  config = {
    bucket = "own"
    key    = "own/${path_relative_to_include("root")}"
    region = get_env("AWS_REGION", "us-east-1")
  }
}

terraform_version_constraint = "~> 1.11.0"
