tf
terraform {
  backend "s3" {
    # terraform init -backend-config=env/prod.tfbackend
  }
}
