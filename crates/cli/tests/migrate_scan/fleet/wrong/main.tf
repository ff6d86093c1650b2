terraform {
  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "/wrong/terraform.tfstate"
    dynamodb_table = "terraform-locks"
  }
}
