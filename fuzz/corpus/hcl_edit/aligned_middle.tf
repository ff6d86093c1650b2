tf
terraform {
  backend "s3" {
    bucket         = "acme-terraform-state"
    dynamodb_table = "terraform-locks"
    encrypt        = true
    key            = "dns/terraform.tfstate"
    region         = "eu-central-1"
  }
}

provider "aws" {
  region = "eu-central-1"
}
