terraform {
  required_version = ">= 1.3.0, < 2.0.0"
  backend "s3" {
    key = "app/terraform.tfstate"
  }
}
