# The network of everything.
terraform {
  required_version = ">= 1.5"

  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "network/terraform.tfstate"
    region         = "eu-west-1"
    dynamodb_table = "terraform-locks" # shared
    encrypt        = true
  }
}
