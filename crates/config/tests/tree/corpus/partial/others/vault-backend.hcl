storage "s3" {
  bucket = "vault"
  region = "eu-west-1"
}
