# Windows
terraform {
  backend "s3" {
    bucket       = "acme-state"
    key          = "win.tfstate"
    use_lockfile = true
    region       = "eu-north-1"
  }
}
