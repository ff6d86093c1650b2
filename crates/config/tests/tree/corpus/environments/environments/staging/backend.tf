terraform {
  backend "s3" {
    bucket         = "acme-staging-terraform-state"
    key            = "network/terraform.tfstate"
    region         = "eu-west-1"
    encrypt        = true
    dynamodb_table = "terraform-locks" # one table for all
  }
}
