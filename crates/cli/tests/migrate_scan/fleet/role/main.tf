terraform {
  required_version = ">= 1.10"
  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "role/terraform.tfstate"
    region         = "eu-west-1"
    role_arn       = "arn:aws:iam::111122223333:role/state"
    dynamodb_table = "terraform-locks"
  }
}
