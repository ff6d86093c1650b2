terragrunt
remote_state {
  backend = "s3"
  config {
    bucket         = "acme-state"
    key            = "${path_relative_to_include()}"
    dynamodb_table = "locks" # per account
  }
}
