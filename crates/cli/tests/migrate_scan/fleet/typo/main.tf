terraform {
  backend "s3" {
    bucket       = "acme-tfstate"
    key          = "typo/terraform.tfstate"
    region       = "eu-west-1"
    lock_enabled = true
  }
}
