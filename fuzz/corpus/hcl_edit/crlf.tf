tf
# Windows
terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = "win.tfstate"
    dynamodb_table = "locks" # shared
    region         = "eu-north-1"
  }
}
