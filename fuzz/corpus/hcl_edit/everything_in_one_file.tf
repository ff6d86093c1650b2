tf
terraform {
  required_version = "~> 1.9"
  required_providers {
    aws    = { source = "hashicorp/aws", version = ">= 5" }
    random = { source = "hashicorp/random" }
  }
  backend "s3" {
    bucket         = "acme-state"
    key            = "all"
    region         = "us-east-1"
    profile        = "prod"
    dynamodb_table = "locks"
  }
}
variable "name" {default="x"}
resource "terraform_data" "x" { input = var.name }
output "x" {
  value     = { for k, v in { a = 1 } : k => v if v == 1 }
  sensitive = true
}
