include {
  path = "${find_in_parent_folders("root.hcl")}"
}

terraform {
  source = "../../../modules/app"
}

dependency "vpc" {
  config_path = "../vpc"
}
