tf
terraform {
	backend "s3" {bucket="acme-state"} # the rest by -backend-config
}
