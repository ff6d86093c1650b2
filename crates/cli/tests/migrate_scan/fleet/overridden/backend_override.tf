terraform {
  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "overridden/terraform.tfstate"
    region         = "eu-west-1"
    dynamodb_table = "terraform-locks"
  }
}
