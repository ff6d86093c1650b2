terragrunt
remote_state {
  backend = "s3"
  config  = { bucket = "acme-state", key = "k", dynamodb_table = "locks" }
}
