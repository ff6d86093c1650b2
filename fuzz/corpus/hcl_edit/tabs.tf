tf
terraform {
	backend "s3" {
		bucket	= "acme-state"
		key	= "vpc.tfstate"
		region	= "us-west-2"
		dynamodb_table	= "locks"
	}
}
