remote_state {
  backend = local.kind
  config = {
    dynamodb_table = "locks"
  }
}
