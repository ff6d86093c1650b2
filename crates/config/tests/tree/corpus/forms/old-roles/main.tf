terraform {
  backend "s3" {
    bucket         = "shared"
    key            = "old/roles.tfstate"
    region         = "us-east-1"
    role_arn       = "arn:aws:iam::123456789012:role/terraform"
    session_name   = "ci"
    dynamodb_table = "locks"
  }
}
