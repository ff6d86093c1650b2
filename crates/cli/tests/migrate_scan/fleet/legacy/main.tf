terraform {
  required_version = ">= 0.13, < 1.6"
  backend "s3" {
    bucket         = "acme-legacy"
    key            = "legacy.tfstate"
    region         = "us-east-1"
    dynamodb_table = "legacy-locks"
    profile        = "legacy"
  }
}
