terraform {
  backend "s3" {
    bucket = "acme-tfstate"
    key    = "open/terraform.tfstate"
    region = "eu-west-1"
  }
}
