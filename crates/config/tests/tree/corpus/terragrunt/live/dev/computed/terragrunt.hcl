include "root" {
  path = local.env.root
}

locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl"))
}
