remote_state {
  backend = "s3"
  config  = { bucket = "acme-state", key = "k", use_lockfile = true }
}
