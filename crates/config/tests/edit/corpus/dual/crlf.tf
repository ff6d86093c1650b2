# Windows
terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = "win.tfstate"
    dynamodb_table = "locks" # shared
    use_lockfile   = true
    region         = "eu-north-1"
  }
}
