terragrunt
remote_state = {
  backend = "s3"
  config = {
    bucket = "acme-state"
    dynamodb_table = "locks"
  }
}
