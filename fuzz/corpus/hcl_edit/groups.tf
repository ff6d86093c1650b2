tf
terraform {
  backend "s3" {
    # where
    bucket = "acme-state"
    key    = "groups/terraform.tfstate"
    region = "eu-west-1"

    # locking
    dynamodb_table = "locks"

    # security
    encrypt    = true
    kms_key_id = "alias/terraform"
  }
}
