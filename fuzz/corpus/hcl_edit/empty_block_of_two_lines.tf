tf
terraform {
  backend "s3" {
  }
}
