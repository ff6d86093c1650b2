terraform {
  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "twins/terraform.tfstate"
    region         = "eu-west-1"
    dynamodb_table = "terraform-locks"
  }
}
