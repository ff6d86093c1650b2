terraform {
  backend "s3" {
    bucket               = "acme-cn"
    key                  = "app.tfstate"
    workspace_key_prefix = "teams"
    region               = "cn-north-1"
    dynamodb_table       = "locks"
    acl                  = "private"
  }
}
