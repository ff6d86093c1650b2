locals {
  common = { bucket = "acme-state" }
}

remote_state {
  backend = "s3"
  config = merge(local.common, {
    key            = path_relative_to_include()
    dynamodb_table = "locks"
  })
}
