remote_state {
  backend = "s3"
  config  = local.remote_state_config
}
