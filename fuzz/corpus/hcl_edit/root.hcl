terragrunt
remote_state {
  backend      = "s3"
  disable_init = tobool(get_env("TERRAGRUNT_DISABLE_INIT", "false"))
  config = {
    "bucket" : "acme-state",
    "key" : "${path_relative_to_include()}/terraform.tfstate",
    "dynamodb_table" : "locks",
    "s3_bucket_tags" : { "team" : "platform" },
    "dynamodb_table_tags" : { "team" : "platform" }
  }
}
