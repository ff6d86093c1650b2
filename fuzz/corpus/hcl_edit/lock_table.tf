tf
terraform {
  backend "s3" {
    bucket   = "acme-state"
    key      = "k"
    assume_role = {
      role_arn = "arn:aws:iam::123456789012:role/terraform"
      tags = {
        team = "platform"
      }
    }
    allowed_account_ids = ["123456789012",
      "210987654321"] # prod
    dynamodb_table = "arn:aws:dynamodb:eu-west-1:123456789012:table/locks"
  }
}
