terraform {
  required_version = ">= 1.2"
  backend "s3" {
    bucket = "second"
    key    = "second"
  }
}
