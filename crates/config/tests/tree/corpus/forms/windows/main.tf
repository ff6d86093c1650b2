terraform {
  backend "s3" {
    bucket = "windows"
    key    = "a"
  }
}