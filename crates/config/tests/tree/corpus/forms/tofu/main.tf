terraform {
  backend "s3" {
    bucket = "for-terraform"
    key    = "x"
  }
}
