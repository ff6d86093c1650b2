remote_state {
  backend = "s3"
  config = {
    bucket         = "old-${get_aws_account_id()}"
    key            = "${path_relative_to_include()}/terraform.tfstate"
    dynamodb_table = "old-locks"
  }
}

terraform {
  extra_arguments "retry" {
    commands  = ["init"]
    arguments = ["-lock-timeout=5m"]
  }
}
