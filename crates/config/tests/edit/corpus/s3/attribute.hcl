remote_state = {
  backend = "s3"
  config = {
    bucket = "acme-state"
    use_lockfile = true
  }
}
