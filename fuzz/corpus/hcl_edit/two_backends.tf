tf
terraform {
  backend "s3" {
    bucket         = "one"
    dynamodb_table = "locks-one"
  }
}
terraform {
  backend "s3" { bucket = "two" }
}
