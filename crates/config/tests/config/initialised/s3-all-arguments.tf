terraform {
  backend "s3" {
    bucket = "tfstate"
    key    = "app/terraform.tfstate"
    region = "eu-central-1"
    use_lockfile = true
    dynamodb_table = "locks"
    workspace_key_prefix = "envs"
    encrypt = true
    kms_key_id = "alias/state"
    acl = "bucket-owner-full-control"
    skip_s3_checksum = true
    access_key = "AKIAEXAMPLE"
    secret_key = "SECRETKEYVALUE"
    token = "TOKENVALUE"
    shared_config_files = ["b.conf", "a.conf"]
    shared_credentials_files = ["creds"]
    max_retries = 3
    retry_mode = "adaptive"
    endpoints = {
      s3 = "http://127.0.0.1:41263"
      dynamodb = "http://127.0.0.1:41263"
      iam = "http://127.0.0.1:41263"
      sts = "http://127.0.0.1:41263"
      sso = "http://127.0.0.1:41263"
    }
    use_path_style = true
    sts_region = "us-east-1"
    skip_credentials_validation = false
    skip_requesting_account_id = true
    skip_region_validation = true
    skip_metadata_api_check = true
    allowed_account_ids = ["123456789012", "012345678901"]
    ec2_metadata_service_endpoint = "http://127.0.0.1:1"
    ec2_metadata_service_endpoint_mode = "IPv4"
    http_proxy = ""
    https_proxy = ""
    no_proxy = "127.0.0.1"
    insecure = false
    use_fips_endpoint = false
    use_dualstack_endpoint = false
    assume_role = {
      role_arn = "arn:aws:iam::123456789012:role/state"
      duration = "1h30m"
      external_id = "outside"
      policy = "{\"Version\":\"2012-10-17\"}"
      policy_arns = ["arn:aws:iam::123456789012:policy/p"]
      session_name = "session"
      source_identity = "someone"
      tags = { team = "infra", "a b" = "c" }
      transitive_tag_keys = ["team"]
    }
  }
}
