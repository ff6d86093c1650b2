terraform {
  backend "s3" {
    bucket         = "acme-tfstate"
    key            = "dns/terraform.tfstate"
    region         = "eu-west-1"
    dynamodb_table = "terraform-locks"
    use_lockfile   = true
  }
}
