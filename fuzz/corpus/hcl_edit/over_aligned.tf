tf
terraform {
    backend "s3" {
        bucket                  = "acme-state"
        key                     = "portal/terraform.tfstate"
        region                  = "us-east-1"
        shared_credentials_file = "creds"
        dynamodb_table          = "locks"
    }
}
