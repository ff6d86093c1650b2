tf
terraform {
  backend "s3" {
    bucket         = "acme-state"      # made by hand
    key            = "shop"            # one per project
    dynamodb_table = "terraform-locks" # for locking
    region         = "eu-west-3"       # Paris
    encrypt        = true
  }
}
