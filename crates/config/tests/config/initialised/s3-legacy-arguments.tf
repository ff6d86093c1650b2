terraform {
  backend "s3" {
    bucket                   = "tfstate"
    key                      = "app/terraform.tfstate"
    region                   = "eu-central-1"
    endpoint                 = "http://127.0.0.1:41263"
    dynamodb_endpoint        = "http://127.0.0.1:41263"
    iam_endpoint             = "http://127.0.0.1:41263"
    sts_endpoint             = "http://127.0.0.1:41263"
    force_path_style         = true
    shared_credentials_file  = "creds"
    profile                  = "state"
    encrypt                  = true
    sse_customer_key         = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    custom_ca_bundle         = "ca.pem"
    forbidden_account_ids    = ["999999999999"]
    skip_region_validation   = true
    assume_role_with_web_identity = {
      role_arn                = "arn:aws:iam::123456789012:role/ci"
      duration                = "15m"
      policy                  = "{}"
      policy_arns             = ["arn:aws:iam::123456789012:policy/p"]
      session_name            = "ci-run"
      web_identity_token      = "TOKEN"
    }
  }
}
