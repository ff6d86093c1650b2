tf
terraform {
	backend "s3" {
		bucket         = "acme-state"
		key            = "vpc.tfstate"
		dynamodb_table = "locks"
	}
}
